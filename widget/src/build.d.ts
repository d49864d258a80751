// What the bundler puts in (crates/xtask/src/bundle/widget.rs).

/** Name of the window's file, `chat.HASH.js`, beside `widget.js`. */
declare const CHAT_FILE: string;
/** `widget.css` and `chat.css`, minified. */
declare const WIDGET_CSS: string;
declare const CHAT_CSS: string;
