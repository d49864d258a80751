// A model of one's own that speaks as OpenAI does (chat completions, as server-sent events) and says what a test has told it to.
import { type IncomingMessage, type Server as HttpServer, type ServerResponse, createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type APIRequestContext, expect } from '@playwright/test';

/** What it makes of a question. */
export type Answer = {
  /** What it says, word by word; `{n}` is the number of what it was told last by a tool. */
  says?: string;
  /** After so many words it waits until `goOn`. */
  waits?: number;
  /** After so many words the connection ends. */
  cut?: number;
  /** It refuses, with this status. */
  status?: number;
  /** Where tools are offered it calls these first, whatever was offered, and says what it says when it was told what came of them. */
  calls?: { name: string; arguments: unknown }[];
};

/** A question that has come. */
export type Asked = { key: string; model: string; system: string; question: string; tools: string[]; told: string[] };

const refusals: Record<number, { code: string; message: string }> = {
  401: { code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  404: { code: 'model_not_found', message: 'The model does not exist.' },
  402: { code: 'insufficient_quota', message: 'You exceeded your current quota.' },
  429: { code: 'rate_limit_exceeded', message: 'Rate limit reached.' },
};

export class ModelServer {
  readonly asked: Asked[] = [];
  /** How many who asked have gone before the end of their answer. */
  left = 0;
  private readonly answers: { words: string; answer: Answer }[] = [];
  private readonly waiting: (() => void)[] = [];

  private constructor(private readonly http: HttpServer) {
    http.on('request', (asked, answer) => {
      this.answer(asked, answer).catch(() => answer.destroy());
    });
  }

  static async start(): Promise<ModelServer> {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    return new ModelServer(http);
  }

  /** What is typed as its address. The server has to be allowed private ones (`SAMTAL__OUTBOUND__PRIVATE_ADDRESSES`). */
  get address(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/v1`;
  }

  /** To a question with these words, whatever their capitals, it says this; what was told last counts. Empty: to every question. */
  when(words: string, answer: Answer | string): void {
    this.answers.unshift({ words: words.toLowerCase(), answer: typeof answer === 'string' ? { says: answer } : answer });
  }

  /** Those that wait go on. */
  goOn(): void {
    this.waiting.splice(0).forEach((goes) => goes());
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, 'close');
  }

  private async answer(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const json = (status: number, body: unknown) =>
      answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const refuse = (status: number) => json(status, { error: refusals[status] ?? { code: 'error', message: 'It did not work.' } });
    let text = '';
    for await (const piece of asked.setEncoding('utf8')) text += piece as string;
    if (asked.method !== 'POST' || asked.url !== '/v1/chat/completions') {
      json(404, { error: { message: `Invalid URL (${asked.method} ${asked.url})` } });
      return;
    }
    const body = JSON.parse(text) as {
      model: string;
      messages: { role: string; content: string }[];
      tools?: { function: { name: string } }[];
    };
    const said = (role: string) => body.messages.filter((one) => one.role === role).at(-1)?.content ?? '';
    const question = said('user');
    const key = (asked.headers.authorization ?? '').replace(/^Bearer /, '');
    const tools = (body.tools ?? []).map((tool) => tool.function.name);
    const results = body.messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
    this.asked.push({ key, model: body.model, system: said('system'), question, tools, told: results });
    const told = this.answers.find(({ words }) => question.toLowerCase().includes(words))?.answer ?? { says: 'I do not know.' };
    if (told.status !== undefined) {
      refuse(told.status);
      return;
    }
    answer.once('close', () => {
      if (!answer.writableFinished && told.cut === undefined) this.left += 1;
    });
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    const event = (data: unknown) => answer.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    const calls = tools.length > 0 && results.length === 0 ? (told.calls ?? []) : [];
    for (const [index, call] of calls.entries()) {
      const [name, whole] = [call.name, JSON.stringify(call.arguments)];
      const piece = (part: object) => event({ choices: [{ index: 0, delta: { tool_calls: [{ index, ...part }] }, finish_reason: null }] });
      piece({ id: `call-${index}`, type: 'function', function: { name, arguments: whole.slice(0, 3) } });
      piece({ function: { arguments: whole.slice(3) } });
    }
    const last = results.at(-1);
    const number = last === undefined ? '' : String((JSON.parse(last) as { n?: number }).n);
    const words = calls.length > 0 ? [] : ((told.says ?? '').replaceAll('{n}', number).match(/\S+\s*/g) ?? []);
    for (const [n, content] of words.entries()) {
      if (told.cut === n) {
        answer.destroy();
        return;
      }
      if (told.waits === n) await new Promise<void>((goes) => this.waiting.push(goes));
      event({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    }
    event({ choices: [{ index: 0, delta: {}, finish_reason: calls.length > 0 ? 'tool_calls' : 'stop' }] });
    const tokens = { prompt_tokens: Math.ceil(text.length / 4), completion_tokens: words.length };
    event({ choices: [], usage: { ...tokens, prompt_tokens_details: { cached_tokens: 0 } } });
    event('[DONE]');
    answer.end();
  }
}

/** Has the company of whoever is signed in ask a model, which costs something where it is `priced`. */
export async function asks(request: APIRequestContext, model: ModelServer, { name = 'small', key = 'sk-0123456789abcdef', priced = true } = {}): Promise<void> {
  const [input, output] = priced ? ['1.00', '2.00'] : ['', ''];
  const form = { wire: 'openai', name, address: model.address, key, input, cached: '', output, since: '' };
  expect((await request.post('/dashboard/assistant', { form, maxRedirects: 0 })).status()).toBe(303);
}
