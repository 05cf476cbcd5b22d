// A mail as somebody in the light or the dark scheme would see it, whatever the scheme of who looks at it
// here: its media queries are answered beforehand. Browsers do not let a page choose the scheme of a
// frame with its own origin.

/** The mail's HTML with its questions about the scheme answered. */
export function mailInScheme(html: string, scheme: 'light' | 'dark'): string {
  return html
    .replace(/\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)/gi, (_, asked: string) =>
      asked.toLowerCase() === scheme ? '(min-width: 0)' : '(max-width: 0)',
    )
    .replace(/(color-schemes?"? *(?::|content=") *)(?:light dark|dark light)/gi, `$1${scheme}`);
}
