//! What the service is about, in types that cannot hold a bad value.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64URL_NOPAD;
use uuid::Uuid;

/// Longest name and longest request id, in Unicode scalar values.
pub const MAX_CHARS: usize = 200;

/// Customers on a page whose size the caller did not say.
pub const DEFAULT_PAGE_SIZE: u16 = 100;

/// Customers on the largest page.
pub const MAX_PAGE_SIZE: u16 = 1000;

/// Why a value from a caller cannot be used, in words for that caller. Names the rule, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing is left after trimming.
    #[error("must not be empty or blank")]
    Blank,
    /// More than [`MAX_CHARS`].
    #[error("must have at most {MAX_CHARS} characters")]
    TooLong,
    /// NUL or another control character.
    #[error("must not contain control characters")]
    Control,
    /// A page size below zero.
    #[error("must not be negative; 0 means {DEFAULT_PAGE_SIZE}")]
    NegativePageSize,
    /// Not a page token that this service makes.
    #[error("is not a token of this service; take next_page_token of the page before, or leave it empty")]
    PageToken,
}

/// The id of a customer, made by the server: a UUID of version 7 (RFC 9562).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerId(Uuid);

impl CustomerId {
    /// A new id. Ids made later by one server sort later.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as stores keep it.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl Default for CustomerId {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Uuid> for CustomerId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

/// Not an id that this service makes, so no customer has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl FromStr for CustomerId {
    type Err = NotAnId;

    /// Only the one spelling that the service answers with: hyphenated, lower case.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let uuid = Uuid::try_parse(text).map_err(|_| NotAnId)?;
        let mut spelled = Uuid::encode_buffer();
        if *uuid.hyphenated().encode_lower(&mut spelled) == *text { Ok(Self(uuid)) } else { Err(NotAnId) }
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// A first or last name: trimmed, 1 to [`MAX_CHARS`] characters, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The trimmed text, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl FromStr for Name {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let trimmed = text.trim();
        fit(trimmed)?;
        Ok(Self(trimmed.to_owned()))
    }
}

/// What a caller named its create with, so that it can be sent again (AIP-155). Compared to the letter, never trimmed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// The id as it was sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        fit(text)?;
        Ok(Self(text.to_owned()))
    }
}

fn fit(text: &str) -> Result<(), Unfit> {
    if text.trim().is_empty() {
        return Err(Unfit::Blank);
    }
    if text.chars().any(char::is_control) {
        return Err(Unfit::Control);
    }
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(Unfit::TooLong);
    }
    Ok(())
}

/// How many customers a page may have: 1 to [`MAX_PAGE_SIZE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The number of customers.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<i32> for PageSize {
    type Error = Unfit;

    fn try_from(asked: i32) -> Result<Self, Unfit> {
        match u16::try_from(asked) {
            Ok(0) => Ok(Self(DEFAULT_PAGE_SIZE)),
            Ok(size) => Ok(Self(size.min(MAX_PAGE_SIZE))),
            Err(_) if asked < 0 => Err(Unfit::NegativePageSize),
            Err(_) => Ok(Self(MAX_PAGE_SIZE)),
        }
    }
}

/// A customer's place in the order of creation. The store gives positions; they only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(i64);

impl Position {
    /// Before the first customer.
    pub const START: Self = Self(0);

    /// The number as stores keep it, never negative.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl From<i64> for Position {
    fn from(position: i64) -> Self {
        Self(position.max(0))
    }
}

const TOKEN_VERSION: u8 = 1;

impl Position {
    /// The page token that continues after this position. It is the same on every replica and says nothing secret.
    pub fn to_page_token(self) -> String {
        let mut bytes = [TOKEN_VERSION; 9];
        bytes[1..].copy_from_slice(&self.0.to_be_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Where the page after `token` begins; an empty token is [`Position::START`].
    pub fn from_page_token(token: &str) -> Result<Self, Unfit> {
        if token.is_empty() {
            return Ok(Self::START);
        }
        let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| Unfit::PageToken)?;
        match <[u8; 9]>::try_from(bytes) {
            Ok([TOKEN_VERSION, position @ ..]) => match i64::from_be_bytes(position) {
                position @ 0.. => Ok(Self(position)),
                _ => Err(Unfit::PageToken),
            },
            _ => Err(Unfit::PageToken),
        }
    }
}

/// A stored customer. Customers never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Made by the server.
    pub id: CustomerId,
    /// As it was stored, trimmed.
    pub first_name: String,
    /// As it was stored, trimmed.
    pub last_name: String,
}

/// A customer to be stored. The id is made before the first attempt, so that an attempt repeated after an unknown
/// outcome cannot make a second customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCustomer {
    /// See [`CustomerId::new`].
    pub id: CustomerId,
    /// The first name.
    pub first_name: Name,
    /// The last name.
    pub last_name: Name,
    /// Given by callers that may send the same create again.
    pub request_id: Option<RequestId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_has_1_to_200_characters() {
        assert_eq!("  Zoë\u{3000}".parse::<Name>().map(Name::into_string), Ok("Zoë".to_owned()));
        assert_eq!(" \t ".parse::<Name>(), Err(Unfit::Blank));
        assert_eq!("é".repeat(200).parse::<Name>().map(|name| name.as_str().len()), Ok(400));
        assert_eq!("é".repeat(201).parse::<Name>(), Err(Unfit::TooLong));
        assert_eq!("a\0b".parse::<Name>(), Err(Unfit::Control));
        assert_eq!("a\u{9b}b".parse::<Name>(), Err(Unfit::Control));
    }

    #[test]
    fn a_page_size_of_0_means_100_and_more_than_1000_means_1000() {
        assert_eq!(PageSize::try_from(0).map(PageSize::get), Ok(100));
        assert_eq!(PageSize::try_from(7).map(PageSize::get), Ok(7));
        assert_eq!(PageSize::try_from(1001).map(PageSize::get), Ok(1000));
        assert_eq!(PageSize::try_from(i32::MAX).map(PageSize::get), Ok(1000));
        assert_eq!(PageSize::try_from(-1), Err(Unfit::NegativePageSize));
    }

    #[test]
    fn a_page_token_comes_back_as_the_position_that_it_was_made_from() {
        for position in [0, 1, 255, i64::MAX] {
            let token = Position::from(position).to_page_token();
            assert_eq!(Position::from_page_token(&token).map(Position::get), Ok(position));
        }
        assert_eq!(Position::from_page_token(""), Ok(Position::START));
    }

    #[test]
    fn a_page_token_that_was_not_made_here_is_refused() {
        let good = Position::from(5).to_page_token();
        let negative = BASE64URL_NOPAD.encode(&[1, 0xff, 0, 0, 0, 0, 0, 0, 0]);
        let other_version = BASE64URL_NOPAD.encode(&[2, 0, 0, 0, 0, 0, 0, 0, 5]);
        for token in ["x", "!!!!", &good[1..], &format!("{good}A"), &format!("{good}="), &negative, &other_version, "é"]
        {
            assert_eq!(Position::from_page_token(token), Err(Unfit::PageToken), "{token}");
        }
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = CustomerId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<CustomerId>(), Err(NotAnId));
        assert_eq!(id.as_uuid().simple().to_string().parse::<CustomerId>(), Err(NotAnId));
        assert_eq!("".parse::<CustomerId>(), Err(NotAnId));
    }
}
