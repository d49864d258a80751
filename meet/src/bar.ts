// The bar of buttons, its menus, keys and the question before something that cannot be taken back.

import { all, find, keep, kept, need, press, text } from './dom.ts';

export type Toggle = 'microphone' | 'camera' | 'screen' | 'hand' | 'chat' | 'people' | 'layout' | 'sound_only';
export type Order = 'leave' | 'end' | 'lock' | 'picture' | 'copy';

export interface Hooks {
  toggle(toggle: Toggle): void;
  order(order: Order): void;
  react(emoji: string): void;
  /** Whether keys are meant for the meeting now. */
  listens(): boolean;
  /** Escape, where no menu was open. */
  escape(): void;
}

const KEYS: Readonly<Record<string, Toggle>> = { m: 'microphone', v: 'camera', s: 'screen', h: 'hand', c: 'chat' };

/** Whether single letters are keys, in this browser: who dictates, or presses them by mistake, turns them off (WCAG 2.1.4). */
const USE = 'samtal.meet.keys';

export class Bar {
  private uses = kept<boolean>('localStorage', USE) ?? true;
  private readonly hooks: Hooks;
  private readonly menus: readonly { readonly button: HTMLElement; readonly panel: HTMLElement }[];

  constructor(hooks: Hooks) {
    this.hooks = hooks;
    for (const button of all('[data-meet-toggle]')) {
      button.addEventListener('click', () => hooks.toggle(button.dataset['meetToggle'] as Toggle));
    }
    for (const order of ['leave', 'end', 'lock', 'picture', 'copy'] as const) {
      for (const button of all(`button[data-meet-${order}]`)) button.addEventListener('click', () => hooks.order(order));
    }
    for (const button of all('[data-meet-react]')) {
      button.addEventListener('click', () => hooks.react(button.dataset['meetReact'] ?? ''));
    }
    this.menus = [['reactions', 'reaction-list'], ['more', 'more']].flatMap(([name, place]) => {
      const button = find(`[data-meet-menu="${name}"]`);
      const panel = find(`[data-meet-${place}]`);
      return button && panel ? [{ button, panel }] : [];
    });
    for (const { button, panel } of this.menus) {
      button.setAttribute('aria-expanded', 'false');
      button.addEventListener('click', () => {
        const opens = panel.hidden;
        this.shut();
        this.turn(button, panel, opens);
        // (Some stand there on a phone alone.)
        if (opens) all('button, select', panel).find((one) => one.offsetParent)?.focus();
      });
      // A choice closes it, but for those who try devices.
      // Before what it does: a dialog that it opens gives the focus back to where it was, which must still be seen then.
      const shut = (event: Event) => event.target instanceof Element && event.target.closest('button') && this.shut(button);
      panel.addEventListener('click', shut, { capture: true });
    }
    const keys = find<HTMLDialogElement>('dialog[data-meet-keys-list]');
    find('button[data-meet-keys]')?.addEventListener('click', () => keys?.showModal());
    const used = find<HTMLInputElement>('input[data-meet-keys-use]');
    if (used) {
      used.checked = this.uses;
      used.addEventListener('change', () => keep('localStorage', USE, (this.uses = used.checked)));
    }
    document.addEventListener('click', (event) => {
      const { target } = event;
      const inside = this.menus.some(({ button, panel }) => target instanceof Node && (button.contains(target) || panel.contains(target)));
      if (!inside) this.shut();
    });
    document.addEventListener('keydown', (event) => this.key(event));
    const bar = find('[data-meet-bar]');
    bar?.addEventListener('keydown', (event) => this.arrow(event, bar));
  }

  /** Shows whether something is on, and what a press would do: as its title, or as its word, which is then all that is said. */
  press(toggle: Toggle, on: boolean, title?: string): void {
    for (const button of all(`[data-meet-toggle="${toggle}"]`)) {
      if (!button.hasAttribute('aria-pressed')) {
        button.toggleAttribute('data-meet-on', on);
        text(find('.word', button), title ?? '');
      } else press(button, on);
      if (title !== undefined) button.title = title;
    }
  }

  /** Closes every menu; with where the focus goes if one was open. */
  shut(focus?: HTMLElement): boolean {
    const open = this.menus.filter(({ panel }) => !panel.hidden);
    for (const { button, panel } of open) {
      const held = panel.contains(document.activeElement);
      this.turn(button, panel, false);
      if (held) (focus ?? button).focus();
    }
    return open.length > 0;
  }

  private turn(button: HTMLElement, panel: HTMLElement, open: boolean): void {
    panel.hidden = !open;
    button.setAttribute('aria-expanded', String(open));
  }

  private key(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing || !this.hooks.listens()) return;
    if (find('dialog[open]')) return;
    if (event.key === 'Escape') {
      if (!this.shut()) this.hooks.escape();
      return;
    }
    const { target } = event;
    if (target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select'))) return;
    const toggle = KEYS[event.key.toLowerCase()];
    if (!toggle || !this.uses) return;
    event.preventDefault();
    this.hooks.toggle(toggle);
  }

  /** The arrows go along the bar, as in any toolbar. */
  private arrow(event: KeyboardEvent, bar: HTMLElement): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const { target } = event;
    if (step === undefined || !(target instanceof HTMLElement) || target.closest('select')) return;
    const buttons = all<HTMLButtonElement>('button', bar).filter((button) => button.offsetParent !== null && !button.disabled);
    const at = buttons.indexOf(target as HTMLButtonElement);
    if (at < 0) return;
    event.preventDefault();
    const way = getComputedStyle(bar).direction === 'rtl' ? -step : step;
    buttons[(at + way + buttons.length) % buttons.length]?.focus();
  }
}

/** Asks, says what comes of it and what yes is called here, and gives whether that was the answer. */
export function confirm(question: string, comes: string, yes: string): Promise<boolean> {
  const dialog = need<HTMLDialogElement>('dialog[data-meet-confirm]');
  text(need('[data-meet-question]', dialog), question);
  text(need('[data-meet-comes]', dialog), comes);
  text(need('button[value=yes]', dialog), yes);
  dialog.returnValue = '';
  dialog.showModal();
  need('button[value=no]', dialog).focus();
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true });
  });
}
