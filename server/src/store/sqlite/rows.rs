//! Rows of a walk. sqlx hands rows from SQLite's thread over one by one, which costs both threads many times what reading
//! them does; so they come together, as one row of JSON.

use futures::{Stream, TryStreamExt as _, stream};
use sqlx::SqlitePool;
use uuid::Uuid;

use crate::customer::{Customer, CustomerId, Position};

/// How many come together: all of a page of the usual size, and where names are long not many more than a page takes.
const TOGETHER: i64 = 128;

const TOGETHER_AS_JSON: &str = "SELECT json_group_array(json_array(position, hex(id), first_name, last_name)) \
     FROM (SELECT position, id, first_name, last_name FROM customers WHERE position > ? ORDER BY position LIMIT ?)";

/// Up to `wanted` customers after a position, oldest first. More are read only when those before them are taken.
pub(super) fn after(
    readers: SqlitePool,
    after: Position,
    wanted: i64,
) -> impl Stream<Item = sqlx::Result<(Position, Customer)>> {
    stream::try_unfold((after, wanted), move |(after, wanted)| {
        let readers = readers.clone();
        async move {
            let asked = wanted.min(TOGETHER);
            if asked == 0 {
                return Ok::<_, sqlx::Error>(None);
            }
            let rows = together(&readers, after, asked).await?;
            let Some(&(last, _)) = rows.last() else { return Ok(None) };
            let more = if i64::try_from(rows.len()) == Ok(asked) { wanted - asked } else { 0 };
            Ok(Some((stream::iter(rows.into_iter().map(Ok::<_, sqlx::Error>)), (last, more))))
        }
    })
    .try_flatten()
}

async fn together(readers: &SqlitePool, after: Position, asked: i64) -> sqlx::Result<Vec<(Position, Customer)>> {
    let json: String = sqlx::query_scalar(TOGETHER_AS_JSON).bind(after.get()).bind(asked).fetch_one(readers).await?;
    let mut rows: Vec<(i64, Uuid, String, String)> =
        serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?;
    // SQLite takes them in their order, but promises that only where it is asked to sort, which takes longer than to read.
    rows.sort_unstable_by_key(|&(position, ..)| position);
    let of = |(position, id, first_name, last_name)| {
        (Position::from(position), Customer { id: CustomerId::from(id), first_name, last_name })
    };
    Ok(rows.into_iter().map(of).collect())
}
