//! What an import leaves beside its list: nothing when it is killed, which no program can catch, and nothing when it only
//! checks.

use std::fs;

use rustix::process::Signal;

use crate::program::{Background, import, program};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

#[test]
fn an_import_that_is_killed_leaves_no_file_beside_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    fs::write(&list, "first_name,last_name\n,Nobody\nAnn,Lee\nBo,Li\n").unwrap();
    let service = Scripted::start(|number, _| if number == 1 { Reply::Created } else { Reply::Silence });
    let running = Background::start(program(service.port).args(["import", "--in-flight", "1"]).arg(&list));
    service.wait_for(2);
    running.signal(Signal::KILL);
    running.end();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn what_was_left_of_rejected_rows_is_replaced_by_the_same_command_and_a_file_of_somebody_else_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    let part = folder.path().join("list.rejected.csv.part");
    fs::write(&list, "first_name,last_name\n,Nobody\nAnn,Lee\n").unwrap();
    let server = Server::start();

    fs::write(&part, "a letter to Nobody").unwrap();
    assert!(import(server.port, &list, &[]).failed_with_one_line(2).contains("list.rejected.csv"));
    assert_eq!(fs::read_to_string(&part).unwrap(), "a letter to Nobody");

    for left in ["", "line,reason,first_name,last_name\n7,some"] {
        fs::write(&part, left).unwrap();
        let ended = import(server.port, &list, &[]);
        assert_eq!(ended.code, Some(3), "{}", ended.err);
        let rejected = fs::read_to_string(folder.path().join("list.rejected.csv")).unwrap();
        assert!(rejected.ends_with("\n2,first_name is blank,,Nobody\n"), "{rejected}");
        assert!(!part.exists());
    }
}

#[test]
fn a_list_can_be_checked_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    fs::write(&list, "first_name,last_name\n,Nobody\nAnn,Lee\n").unwrap();
    let ended = import(1, &list, &["--check"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), "2 rows, 1 of them unfit; nothing was sent\n"));
    fs::write(&list, "first_name,last_name\nAnn,\"Lee").unwrap();
    assert!(import(1, &list, &["--check"]).failed_with_one_line(2).contains("never closed"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}
