#![doc = include_str!("../README.md")]

pub mod access;
pub mod assets;
pub mod boot;
pub mod commands;
pub mod config;
pub mod errors;
pub mod health;
pub mod http;
pub mod leptos;
pub mod limits;
pub mod lingering;
pub mod listener;
pub mod privileges;
pub mod router;
pub mod telemetry;
pub mod ws;
