// The sandbox's mailbox: what customers would have received, as a list and as a message in its
// forms (HTML, text, headers). The HTML stands in a frame from a route of its own: with
// scripts off, with an origin of its own, and with a policy that lets its inline styles live and
// reaches no network.

import type Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { mailInScheme } from '#adapters/email/mail-scheme.ts';
import type { Mailbox, MailSummary, StoredMail } from '#adapters/email/mailbox.ts';
import { setPageHeaders } from '#adapters/pages/page-guard.ts';
import { pageTemplate } from './page-templates.ts';
import { fileSize, type InstantView, instantView } from './page-words.ts';

type MailRow = {
  readonly href: string;
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly at: InstantView;
  readonly size: string;
};

const VIEWS = ['html', 'texte', 'entetes'] as const;
type View = (typeof VIEWS)[number];
const VIEW_WORDS = { html: 'Message', texte: 'Texte seul', entetes: 'En-têtes' } as const;

type Choice = { readonly href: string; readonly label: string; readonly current: boolean };

const listPage = pageTemplate<{
  readonly local: boolean;
  readonly missing: boolean;
  readonly mails: readonly MailRow[];
}>('mailbox');

const messagePage = pageTemplate<{
  readonly mail: MailRow;
  readonly view: View;
  readonly views: readonly Choice[];
  readonly looks: readonly Choice[];
  readonly frameHref: string;
  readonly frameClass: string;
  readonly text: string;
  readonly headers: StoredMail['headers'];
  readonly attachments: readonly {
    readonly href: string;
    readonly filename: string;
    readonly size: string;
  }[];
  readonly sourceHref: string;
}>('message');

const MAILS_SHOWN = 100;
// A mail's links open a tab of their own, as they would from any mail reader: nothing else gets out.
const FRAME_POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; " +
  "base-uri 'none'; frame-ancestors 'self'; " +
  'sandbox allow-popups allow-popups-to-escape-sandbox';

/** `mailbox` is null when mail leaves the house: the page then says so. */
export function mailboxRoutes(router: Router, mailbox: Mailbox | null): void {
  const box = mailbox ?? { list: async () => [], read: async () => null };
  router.get('/sandbox/mailbox', async (ctx) => {
    const mails = await box.list(MAILS_SHOWN);
    setPageHeaders(ctx);
    ctx.type = 'html';
    ctx.body = listPage({
      title: 'Boîte aux lettres',
      place: 'mailbox',
      refresh: false,
      local: mailbox !== null,
      missing: ctx.query.absent !== undefined,
      mails: mails.map(rowOf),
    });
  });
  // The newest mail of a notification, which is all that a journey knows of its mail.
  router.get('/sandbox/mailbox/of/:notificationId', async (ctx) => {
    const mails = await box.list(MAILS_SHOWN);
    const found = mails.find(({ id }) => id.endsWith(`-${ctx.params.notificationId}`));
    ctx.redirect(found ? hrefOf(found) : '/sandbox/mailbox?absent');
  });
  router.get('/sandbox/mailbox/:id', reading(box, message));
  router.get('/sandbox/mailbox/:id/html', reading(box, frame));
  router.get('/sandbox/mailbox/:id/source', reading(box, source));
  router.get('/sandbox/mailbox/:id/pieces/:index', reading(box, attachment));
}

type Show = (ctx: Context, mail: StoredMail) => void;

/** A mail that is not there is left to the page of unknown addresses. */
function reading(box: Mailbox, show: Show): Middleware {
  return async (ctx) => {
    const mail = await box.read(String(ctx.params.id));
    if (mail) show(ctx, mail);
  };
}

const message: Show = (ctx, mail) => {
  const view = VIEWS.find((it) => it === ctx.query.vue) ?? (mail.html === null ? 'texte' : 'html');
  const narrow = ctx.query.largeur === '390';
  const dark = ctx.query.theme === 'sombre';
  const href = hrefOf(mail);
  setPageHeaders(ctx, { frames: true });
  ctx.type = 'html';
  ctx.body = messagePage({
    title: mail.subject,
    place: 'mailbox',
    refresh: false,
    mail: rowOf(mail),
    view,
    views: VIEWS.map((it) => {
      return { href: `${href}?vue=${it}`, label: VIEW_WORDS[it], current: it === view };
    }),
    looks: [
      look('Ordinateur', !narrow, { narrow: false, dark }),
      look('Téléphone', narrow, { narrow: true, dark }),
      look('Clair', !dark, { narrow, dark: false }),
      look('Sombre', dark, { narrow, dark: true }),
    ],
    frameHref: `${href}/html?theme=${dark ? 'sombre' : 'clair'}`,
    frameClass: narrow ? 'mail-frame narrow' : 'mail-frame',
    text: mail.text ?? '',
    headers: mail.headers,
    attachments: attachmentsOf(mail),
    sourceHref: `${href}/source`,
  });

  function look(
    label: string,
    current: boolean,
    to: { readonly narrow: boolean; readonly dark: boolean },
  ): Choice {
    const width = to.narrow ? '&largeur=390' : '';
    const theme = to.dark ? '&theme=sombre' : '';
    return { href: `${href}?vue=html${width}${theme}`, label, current };
  }
};

const frame: Show = (ctx, mail) => {
  ctx.set('Content-Security-Policy', FRAME_POLICY);
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Referrer-Policy', 'no-referrer');
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'html';
  ctx.body = mailInScheme(mail.html ?? '', ctx.query.theme === 'sombre' ? 'dark' : 'light');
};

const source: Show = (ctx, mail) => {
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.type = 'text/plain; charset=utf-8';
  ctx.body = mail.source;
};

const attachment: Show = (ctx, mail) => {
  const part = mail.attachments[Number(ctx.params.index)];
  if (!part) return;
  const isPdf = part.contentType === 'application/pdf';
  ctx.set('X-Content-Type-Options', 'nosniff');
  ctx.set('Cache-Control', 'no-store');
  // Before the type: it would else be guessed from the name, which came with the mail.
  ctx.attachment(part.filename, { type: isPdf ? 'inline' : 'attachment' });
  ctx.type = isPdf ? 'application/pdf' : 'application/octet-stream';
  ctx.body = part.bytes;
};

function attachmentsOf(mail: StoredMail) {
  return mail.attachments
    .map(({ filename, bytes, inline }, index) => ({
      href: `${hrefOf(mail)}/pieces/${index}`,
      filename,
      size: fileSize(bytes.length),
      inline,
    }))
    .filter(({ inline }) => !inline);
}

function rowOf(mail: MailSummary): MailRow {
  const { subject, from, to } = mail;
  const size = fileSize(mail.sizeBytes);
  return { href: hrefOf(mail), subject, from, to, at: instantView(mail.date), size };
}

function hrefOf({ id }: { readonly id: string }): string {
  return `/sandbox/mailbox/${id}`;
}
