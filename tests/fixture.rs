//! What tests stand on: the built command, hosts, what their operators wrote, programs of others, and how results are read.

pub(crate) mod auditor;
pub(crate) mod browser;
pub(crate) mod collector;
pub(crate) mod history;
pub(crate) mod pair;
pub(crate) mod pcap;
pub(crate) mod program;
pub(crate) mod report;
pub(crate) mod service;
pub(crate) mod wait;
pub(crate) mod web;
