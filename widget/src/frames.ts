// The frames of docs/protocol.md that a contact sends and hears, as types: nothing of this file reaches the browser.

export type Author = 'contact' | 'agent' | 'assistant' | 'system';

export interface Citation {
  readonly title: string;
  readonly quote: string;
  /** Which characters of the message it is for, as `[...text]` counts them; not there where it is for none. */
  readonly start?: number;
  readonly end?: number;
}

export interface Message {
  readonly conversation_id: string;
  /** 1, 2, 3, … in its conversation, without a gap. */
  readonly seq: number;
  readonly from: Author;
  readonly name: string | null;
  readonly text: string;
  readonly event: 'handed_off' | 'taken_over' | 'handed_back' | 'resolved' | 'meeting' | null;
  /** What an answer of the assistant's is. */
  readonly outcome: 'answer' | 'passages' | 'refused' | null;
  readonly refused: boolean;
  readonly citations: readonly Citation[];
  readonly client_id: string | null;
  readonly created_at: string;
}

/** Somebody writes. */
export interface Typing {
  readonly from: Author;
  readonly name?: string | null;
  /** What may be seen of an answer so far; it takes the place of what was seen before. Empty where that does not count any more. */
  readonly text?: string;
  /** What was seen does not count any more. */
  readonly withdrawn?: boolean;
}

export type ClientFrame =
  | { type: 'hello'; widget: string; token?: string | undefined }
  | { type: 'subscribe'; conversation: string; after: number }
  | { type: 'send'; client_id: string; conversation?: string | undefined; text: string }
  | { type: 'handoff' | 'call'; conversation: string }
  | { type: 'judge'; conversation: string; seq: number; answers: boolean }
  | { type: 'typing'; conversation: string }
  | { type: 'ping' };

export type ServerFrame =
  | { type: 'welcome'; token: string; conversation: string | null; last_seq: number; heartbeat_s: number; calls?: boolean }
  | { type: 'message'; message: Message }
  | { type: 'caught_up'; conversation: string; seq: number }
  | { type: 'sent'; client_id: string; message: Message }
  | ({ type: 'typing'; conversation: string } & Typing)
  | { type: 'pong' }
  | { type: 'error'; code: string; detail?: string; client_id?: string | null; retry_after?: number | null };
