// A mail as its reader sees it, for claims about words that must hold in the HTML as in the text.
// Our own markup is simple enough to be undone by hand; a browser has its turn elsewhere.

import type { MailMessage } from '#adapters/email/invoice-message.ts';

/** What a reader of the HTML sees, on one line, with its entities undone. */
export function shownText({ html }: Pick<MailMessage, 'html'>): string {
  return html
    .slice(html.indexOf('<body'))
    .replace(/<[^>]*>/g, ' ')
    .replace(/&nbsp;|&zwnj;|&#847;/g, '')
    .replaceAll('&#x27;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#x3D;', '=')
    .replaceAll('&amp;', '&')
    .replace(/[ \n]+/g, ' ');
}
