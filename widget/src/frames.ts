// The frames of docs/protocol.md that a contact sends and hears, as types: nothing of this file reaches the browser.

export type Author = 'contact' | 'agent' | 'assistant' | 'system';

export interface Citation {
  readonly title: string;
  readonly quote: string;
}

export interface Message {
  readonly conversation_id: string;
  /** 1, 2, 3, … in its conversation, without a gap. */
  readonly seq: number;
  readonly from: Author;
  readonly name: string | null;
  readonly text: string;
  readonly event: 'handed_off' | 'taken_over' | 'handed_back' | 'resolved' | null;
  /** What an answer of the assistant's is. */
  readonly outcome: 'answer' | 'passages' | 'refused' | null;
  readonly refused: boolean;
  readonly citations: readonly Citation[];
  readonly client_id: string | null;
  readonly created_at: string;
}

export type ClientFrame =
  | { type: 'hello'; widget: string; token?: string | undefined }
  | { type: 'subscribe'; conversation: string; after: number }
  | { type: 'send'; client_id: string; conversation?: string | undefined; text: string }
  | { type: 'handoff'; conversation: string }
  | { type: 'judge'; conversation: string; seq: number; answers: boolean }
  | { type: 'typing'; conversation: string }
  | { type: 'ping' };

export type ServerFrame =
  | { type: 'welcome'; token: string; conversation: string | null; last_seq: number; heartbeat_s: number }
  | { type: 'message'; message: Message }
  | { type: 'caught_up'; conversation: string; seq: number }
  | { type: 'sent'; client_id: string; message: Message }
  | { type: 'typing'; conversation: string; from: Author; name?: string | null }
  | { type: 'pong' }
  | { type: 'error'; code: string; detail?: string; client_id?: string | null; retry_after?: number | null };
