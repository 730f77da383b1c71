//! Names in addresses.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment of a path, percent-encoded.
pub(in super::super) fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The value of a query option, percent-encoded whole: `$filter=` and [`query_value`] of the expression.
pub(in super::super) fn query_value(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// An `OData` string literal, quoted but not percent-encoded, for an expression that goes through [`query_value`] whole.
pub(in super::super) fn odata_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        assert_eq!(path_segment("a/b?c#d%2F"), "a%2Fb%3Fc%23d%252F");
        assert_eq!(path_segment("paul_contoso.com#EXT#@x.example"), "paul_contoso.com%23EXT%23%40x.example");
        assert_eq!(odata_literal("O'Neil"), "'O''Neil'");
        assert_eq!(query_value(&odata_literal("O'Neil & Söhne")), "%27O%27%27Neil%20%26%20S%C3%B6hne%27");
        assert_eq!(query_value("displayName eq 'a+b'"), "displayName%20eq%20%27a%2Bb%27");
    }
}
