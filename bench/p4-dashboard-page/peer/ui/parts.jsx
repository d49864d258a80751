// What pages are made of.

const PATHS = {
  home: 'M3.5 9 10 3.5 16.5 9v7.5h-4.5v-5h-4v5H3.5Z',
  people:
    'M4.75 7a2.75 2.75 0 1 1 5.5 0 2.75 2.75 0 0 1-5.5 0ZM2.5 16.5c0-3 2-4.75 5-4.75s5 1.75 5 4.75M12.75 4.5a2.75 2.75 0 0 1 0 5M14 12c2.2.5 3.5 2.1 3.5 4.5',
  book: 'M10 5.500C8.500 4.300 6.300 4 3 4v11c3.300 0 5.500.300 7 1.500 1.500-1.200 3.700-1.500 7-1.500V4c-3.300 0-5.500.300-7 1.500ZM10 5.500v11',
  inbox: 'M3 11.5 5.500 4h9l2.500 7.500V16.500H3ZM3 11.500h4.250c0 1.600 1.100 2.500 2.750 2.500s2.750-.900 2.750-2.500H17',
  key: 'M3.5 13.5a3 3 0 1 1 6 0 3 3 0 0 1-6 0ZM8.7 11.3 16 4M13 7l2.5 2.5M15 5l1.5 1.5',
  list: 'M3.500 5.500h.010M3.500 10h.010M3.500 14.500h.010M7 5.500h9.500M7 10h9.500M7 14.500h9.500',
  door: 'M5.500 16.500v-13h9v13M3.500 16.500h13M11.500 10h.010',
  sliders: 'M3.500 6h6M13.500 6h3M3.500 14h3M10.500 14h6M9.500 6a2 2 0 1 0 4 0 2 2 0 0 0-4 0ZM6.500 14a2 2 0 1 0 4 0 2 2 0 0 0-4 0Z',
  menu: 'M3 6h14M3 10h14M3 14h9',
  upDown: 'm6.5 8 3.5-3.5L13.5 8M6.5 12l3.5 3.5 3.5-3.5',
  leave: 'M8 3.5H3.5v13H8M12.5 6.5 16 10l-3.5 3.5M16 10H8',
  plus: 'M10 4v12M4 10h12',
};

export function Icon({ shape }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[shape]} />
    </svg>
  );
}

/** One or two letters in a circle, beside a name that is written out. */
export function Avatar({ name, company }) {
  const letters = name.split(/\s+/).flatMap((word) => /[\p{L}\p{N}]/u.exec(word)?.[0] ?? []);
  const shown = letters.length > 1 ? [letters[0], letters.at(-1)] : letters;
  return (
    <span className={company ? 'avatar avatar--company' : 'avatar'} aria-hidden="true">
      {shown.join('').toUpperCase()}
    </span>
  );
}
