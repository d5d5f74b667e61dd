use futures::Stream;
use futures::stream::try_unfold;
use ticketing_client::{CallError, CustomerList, Customers};

/// The most that a server puts on one page.
const LARGEST_PAGE: i32 = 1000;

/// List customers, oldest first: the first page, or all.
///
/// Human output is a line each with id, first and last name between tabs; JSON output is an object each, on a line of
/// its own. Pages are written as they arrive. Where more customers follow, standard error says how to get them; JSON output
/// ends with an object that holds nothing but `next_page_token`.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Customers a page, at most 1000. Default: 100, and 1000 with --all.
    #[arg(long, value_name = "N", value_parser = page_size, allow_negative_numbers = true)]
    page_size: Option<i32>,
    /// All pages instead of one.
    #[arg(long)]
    all: bool,
    /// Go on where an earlier list ended.
    #[arg(long, value_name = "TOKEN", default_value = "", hide_default_value = true)]
    page_token: String,
}

impl List {
    /// The pages. The last one holds a token if more follow.
    pub(crate) fn run<'a>(
        &'a self,
        customers: &'a Customers,
    ) -> impl Stream<Item = Result<CustomerList, CallError>> + 'a {
        let page_size = self.page_size.unwrap_or(if self.all { LARGEST_PAGE } else { 0 });
        try_unfold(Some(self.page_token.clone()), move |token| async move {
            let Some(token) = token else { return Ok(None) };
            let page = customers.list(page_size, &token).await?.value;
            let next = (self.all && !page.next_page_token.is_empty()).then(|| page.next_page_token.clone());
            Ok(Some((page, next)))
        })
    }
}

/// A size that the server takes; it cuts one that is too large.
fn page_size(text: &str) -> Result<i32, String> {
    text.parse().ok().filter(|size| *size > 0).ok_or_else(|| format!("a page has from 1 to {LARGEST_PAGE} customers"))
}
