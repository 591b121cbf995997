//! What is answered to input that is wrong, hostile or absurd: nothing is a defect of ours, hangs, reaches a provider, or is
//! said back at length. The numbers in the comments are the rows of the list of bad inputs. Requests that are broken as HTTP,
//! too large or too slow are in `client_faults`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that can not go on fails where it stands; the table says which rows it asks, and takes their time"
)]

mod addresses;
mod credentials;
mod door;
mod json_text;
mod media_types;
mod members;
mod messages;
mod table;
mod tools;
