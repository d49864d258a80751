//! Pages and their forms, one file each: read the request, call one capability, render.

pub mod dashboard;
pub mod demo;
pub mod inbox;
pub mod preferences;
pub mod render;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod site;
