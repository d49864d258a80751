/** The looks that one may choose, and what they are called. */
export const THEMES = [['system', 'System'], ['light', 'Light'], ['dark', 'Dark']];

/** The look that was chosen. */
export function theme(cookies) {
  const chosen = cookies.get('samtal_theme')?.value;
  return THEMES.some(([name]) => name === chosen) ? chosen : 'system';
}
