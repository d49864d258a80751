// A mail server of one test's own: scripts/mailbox, which takes letters by SMTP.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

export type Mail = { to: string[]; subject: string; text: string; html: string };

export class Mailbox {
  private constructor(
    private readonly program: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    /** Settings that make a server send its letters here. */
    readonly settings: Record<string, string>,
  ) {}

  static async start(): Promise<Mailbox> {
    const program = spawn(join(import.meta.dirname, '../../scripts/mailbox'), { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: program.stdout! })[Symbol.asyncIterator]();
    const port = (await lines.next()).value;
    const settings = { SAMTAL__MAIL__SMTP: `smtp://127.0.0.1:${port}?tls=none`, SAMTAL__MAIL__FROM: 'Samtal <samtal@fjord.example>' };
    return new Mailbox(program, lines, settings);
  }

  /** The next letter that arrives. */
  async next(): Promise<Mail> {
    return JSON.parse((await this.lines.next()).value);
  }

  stop(): void {
    this.program.stdin!.end();
  }
}

/** Where the link of a letter leads. */
export function link(mail: Mail): string {
  return /https?:\/\/\S+/.exec(mail.text)![0];
}
