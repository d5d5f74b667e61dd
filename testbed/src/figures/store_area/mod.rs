//! The figures of the store: how fast it writes, that pages stay quick, that nothing is lost, what the cache costs.

mod cached_get;
mod door;
mod group_commit;
mod histories;
mod pages;
mod round_trip;

use super::plan::{Plan, Run, Wanted};
use super::{Bound, Unit};

pub(super) const PLANS: &[Plan] = &[
    Plan {
        wanted: &[
            Wanted { name: "group_commit_sqlite", unit: Unit::Times, bound: Bound::AtLeast(6.0) },
            Wanted { name: "stretch_group_commit_sqlite", unit: Unit::Times, bound: Bound::AtLeast(12.0) },
        ],
        run: Run::All(group_commit::sqlite),
    },
    Plan {
        wanted: &[Wanted { name: "group_commit_postgres", unit: Unit::Times, bound: Bound::AtLeast(3.0) }],
        run: Run::One(group_commit::postgres),
    },
    Plan {
        wanted: &[Wanted { name: "group_commit_postgres_64", unit: Unit::Times, bound: Bound::AtLeast(1.0) }],
        run: Run::One(group_commit::postgres_64),
    },
    Plan {
        wanted: &[Wanted { name: "fdatasync", unit: Unit::Milliseconds, bound: Bound::Information }],
        run: Run::One(group_commit::fdatasync),
    },
    Plan {
        wanted: &[Wanted { name: "single_create_sqlite", unit: Unit::Times, bound: Bound::AtMost(1.1) }],
        run: Run::One(group_commit::alone_sqlite),
    },
    Plan {
        wanted: &[Wanted { name: "single_create_postgres", unit: Unit::Times, bound: Bound::AtMost(1.1) }],
        run: Run::One(group_commit::alone_postgres),
    },
    Plan {
        wanted: &[Wanted { name: "page_sqlite", unit: Unit::Times, bound: Bound::AtMost(1.5) }],
        run: Run::One(pages::sqlite),
    },
    Plan {
        wanted: &[Wanted { name: "page_postgres", unit: Unit::Times, bound: Bound::AtMost(1.5) }],
        run: Run::One(pages::postgres),
    },
    Plan {
        wanted: &[
            Wanted { name: "history_sqlite", unit: Unit::Customers, bound: Bound::Exactly(0.0) },
            Wanted { name: "history_postgres", unit: Unit::Customers, bound: Bound::Exactly(0.0) },
            Wanted { name: "checked_creates", unit: Unit::Customers, bound: Bound::Information },
        ],
        run: Run::All(histories::run),
    },
    Plan {
        wanted: &[
            Wanted { name: "roundtrip_wrong", unit: Unit::Names, bound: Bound::Exactly(0.0) },
            Wanted { name: "roundtrip_client_rss", unit: Unit::Megabytes, bound: Bound::AtMost(128.0) },
            Wanted { name: "roundtrip_server_rss", unit: Unit::Megabytes, bound: Bound::AtMost(128.0) },
        ],
        run: Run::All(round_trip::run),
    },
    Plan {
        wanted: &[Wanted { name: "cached_get", unit: Unit::Times, bound: Bound::AtMost(1.15) }],
        run: Run::One(cached_get::run),
    },
];
