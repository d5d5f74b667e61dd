//! Which calls a load is made of.

use std::fmt;
use std::str::FromStr;

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// GetCustomer of a customer that exists.
    Get,
    /// CreateCustomer, each with a request id of its own.
    Create,
    /// ListCustomers, the first page.
    List,
    /// GetCustomer with an empty id: who answers? It needs no customer and touches no store.
    Probe,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Get, Self::Create, Self::List, Self::Probe];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Create => "create",
            Self::List => "list",
            Self::Probe => "probe",
        }
    }
}

/// Kinds of calls with their weights, each more than nothing, in the order of [`Kind`]; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mix(Vec<(Kind, u32)>);

impl Mix {
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.0.iter().any(|(each, weight)| *each == kind && *weight > 0)
    }

    /// A kind by chance, each as often as it weighs.
    pub(crate) fn choose(&self, random: &mut fastrand::Rng) -> Kind {
        let all: u64 = self.0.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut left = random.u64(..all);
        for (kind, weight) in &self.0 {
            match left.checked_sub(u64::from(*weight)) {
                Some(less) => left = less,
                None => return *kind,
            }
        }
        unreachable!("the number is below the sum of the weights")
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write it for example as get=90,create=9,list=1";
        let mut mix: Vec<(Kind, u32)> = Vec::new();
        for part in text.split(',') {
            let (name, weight) = part.trim().split_once('=').unwrap_or((part.trim(), "1"));
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.name() == name)
                .ok_or_else(|| format!("{name:?} is no kind of call: use get, create, list or probe; {example}"))?;
            let weight =
                weight.parse().map_err(|_| format!("the weight {weight:?} is no whole number from 0 on; {example}"))?;
            if mix.iter().any(|(each, _)| *each == kind) {
                return Err(format!("{name} stands there twice; {example}"));
            }
            mix.push((kind, weight));
        }
        if mix.iter().all(|(_, weight)| *weight == 0) {
            return Err(format!("no kind of call weighs more than 0; {example}"));
        }
        // The same load, however it is written.
        mix.retain(|(_, weight)| *weight > 0);
        mix.sort_unstable();
        Ok(Self(mix))
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<_> = self.0.iter().map(|(kind, weight)| format!("{}={weight}", kind.name())).collect();
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_as_often_as_they_weigh() {
        let mix: Mix = "create=10,get=90,list=0".parse().unwrap();
        let mut random = fastrand::Rng::with_seed(7);
        let chosen: Vec<_> = (0..10_000).map(|_| mix.choose(&mut random)).collect();
        let creates = chosen.iter().filter(|kind| **kind == Kind::Create).count();
        assert!((800..1200).contains(&creates), "{creates}");
        assert!(!chosen.contains(&Kind::List) && !mix.has(Kind::List));
        assert_eq!(mix.to_string(), "get=90,create=10");
    }

    #[test]
    fn a_mix_that_cannot_be_meant_is_refused_with_an_example() {
        for text in ["", "read=1", "get=-1", "get=a", "get=1,get=2", "get=0", "get=1,,list=1"] {
            let error = text.parse::<Mix>().expect_err(text);
            assert!(error.contains("get=90,create=9,list=1"), "{text}: {error}");
        }
    }
}
