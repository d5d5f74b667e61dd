//! Made-up people with names from many scripts.

use std::io;
use std::path::Path;

use crate::BedError;

/// First and last names that go together.
struct Script {
    first: &'static [&'static str],
    last: &'static [&'static str],
}

/// Each is here for what it does to a program: letters of two to four bytes, marks that combine, right to left, names
/// without case, an apostrophe, a comma, a space or a hyphen inside.
const SCRIPTS: [Script; 10] = [
    Script {
        first: &["José", "Zoë", "François", "Bjørn", "Łukasz", "Jürgen", "Čeněk", "Iñigo", "Þórdís", "Ștefan"],
        last: &["García", "Müller", "Dvořák", "Šimůnek", "Ångström", "Gonçalves", "Żółć", "Ó Súilleabháin", "Weiß"],
    },
    Script {
        first: &["Mary Ann", "Jean-Luc", "Siobhán", "D'Arcy", "Ngũgĩ", "'Aolani", "Anne-Sophie", "Sinéad"],
        last: &[
            "O'Brien",
            "O’Neill",
            "King, Jr.",
            "van der Berg",
            "Smith-Jones",
            "de la Cruz",
            "St. John",
            "wa Thiong'o",
        ],
    },
    Script {
        first: &["Александр", "Юлия", "Фёдор", "Оксана", "Ђорђе", "Сергій", "Мілана", "Цветан"],
        last: &["Иванов", "Щербакова", "Королёв", "Шевченко", "Ђокић", "Йовков", "Їжакевич", "Петровић"],
    },
    Script {
        first: &["Γιώργος", "Ελένη", "Νίκος", "Σοφία", "Αχιλλέας", "Χρύσα"],
        last: &["Παπαδόπουλος", "Οικονόμου", "Καζαντζάκης", "Ξενάκης", "Βασιλείου", "Θεοδωράκης"],
    },
    Script {
        first: &["محمد", "فاطمة", "يوسف", "ليلى", "عبد الله", "زینب"],
        last: &["الحسن", "المصري", "بن سعيد", "خوری", "النجّار", "حدّاد"],
    },
    Script {
        first: &["दीपिका", "अर्जुन", "लक्ष्मी", "कृष्ण", "श्रीनिवास", "अनन्या"],
        last: &["शर्मा", "गुप्ता", "मिश्र", "त्रिपाठी", "जोशी", "चट्टोपाध्याय"],
    },
    Script {
        first: &["小明", "丽华", "建国", "志玲", "雪", "𠮷平"],
        last: &["王", "李", "欧阳", "司馬", "陳", "𡈽屋"],
    },
    Script {
        first: &["さくら", "健太", "ユキ", "花子", "翔"], last: &["佐藤", "髙橋", "渡邊", "小鳥遊", "タナカ"]
    },
    Script {
        first: &["지우", "서연", "민준", "하늘", "은서"], last: &["김", "이", "박", "남궁", "황보"]
    },
    Script {
        first: &["นภา", "สมชาย", "יוסף", "שרה", "Նարե", "თამარ"],
        last: &["ศรีสุข", "วงศ์ไทย", "כהן", "לוי", "Պետրոսյան", "ბერიძე"],
    },
];

/// So many people, always the same for the same `seed`. Some share their name, as people do.
pub fn people(count: usize, seed: u64) -> Vec<(&'static str, &'static str)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut pick = |names: &'static [&'static str]| names[random.usize(..names.len())];
    // Script after script, so that even a short list has all of them.
    let scripts = SCRIPTS.iter().cycle().take(count);
    scripts.map(|script| (pick(script.first), pick(script.last))).collect()
}

/// Writes [`people`] as a list that the client imports.
pub fn write_list(path: &Path, count: usize, seed: u64) -> Result<(), BedError> {
    let write = || -> io::Result<()> {
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(["first_name", "last_name"])?;
        for (first, last) in people(count, seed) {
            writer.write_record([first, last])?;
        }
        writer.flush()
    };
    write().map_err(BedError::io(format!("write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_people() {
        assert_eq!(people(100, 5), people(100, 5));
        assert_ne!(people(100, 5), people(100, 6));
    }

    #[test]
    fn a_list_has_people_of_one_name_and_names_that_need_quotes() {
        let list = people(300, 1);
        assert!(list.iter().collect::<BTreeSet<_>>().len() < list.len());
        assert!(list.iter().any(|(_, last)| last.contains(',')));
        assert!(list.iter().any(|(_, last)| last.contains('\'')));
    }
}
