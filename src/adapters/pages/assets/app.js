// What pages do beyond what links and forms do: they show what happens while it happens, answer to
// keys, copy. The server writes every word of a page; here the parts marked `data-live` are fetched
// again when the stream tells of something they are about, and put in place of the old ones without
// moving focus, open details, a selection or the row under the pointer. Without this file every
// page works, and stands still.

/* global Idiomorph */
const byId = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- live: the stream
const GATHER_MS = 30; // one transaction tells of several things at once
const LEAST_BETWEEN_MS = 250;
const MOST_BETWEEN_MS = 5_000;
const FIRST_RETRY_MS = 500;
const RETRY_MS = 5_000;
const SILENCE_MS = 45_000; // three words of the clock
const { liveTopics = '', liveAt = '', liveBase = '/dashboard' } = document.body.dataset;
const topics = liveTopics.split(' ').filter(Boolean);
const line = byId('line');
const pauseButton = byId('pause');
const paris = new Intl.DateTimeFormat('fr-FR', { timeStyle: 'medium', timeZone: 'Europe/Paris' });
let place = liveAt;
let asOf = line?.dataset.asOf ?? '';
let stream = null;
let heardAt = 0;
let failures = 0;
let retry = 0;
let paused = false;
let over = false;

const matches = (told) =>
  topics.some(
    (topic) => topic === told || (topic.endsWith(':*') && told.startsWith(topic.slice(0, -1))),
  );
const mayListen = () => topics.length > 0 && !paused && !over && !document.hidden;

function say(text) {
  if (line && line.textContent !== text) line.textContent = text;
}

function sayLive() {
  asOf = paris.format(new Date());
  say(`En direct, données de ${asOf}`);
}

function sayCut() {
  const text = `Connexion interrompue\u00A0: données de ${asOf}, nouvel essai dans 5\u00A0s`;
  say(text);
  announce(text);
}

function listen() {
  if (stream || !mayListen()) return;
  clearTimeout(retry);
  stream = new EventSource(`${liveBase}/live?at=${encodeURIComponent(place)}`);
  heardAt = Date.now();
  stream.onerror = broken;
  stream.onmessage = ({ data, lastEventId }) => {
    heardAt = Date.now();
    failures = 0;
    place = lastEventId || place;
    if (data === 'over') finish();
    else if (data === 'again' || matches(data)) refresh();
    else if (!refreshing) sayLive();
  };
}

function hush() {
  stream?.close();
  stream = null;
  clearTimeout(retry);
}

// A stream may end for no fault; one that cannot be had again is told, and made up for by looking.
async function broken() {
  hush();
  failures += 1;
  if (failures > 1) await refresh();
  if (mayListen() && !stream) retry = setTimeout(listen, failures > 1 ? RETRY_MS : FIRST_RETRY_MS);
}

function finish() {
  over = true;
  hush();
  const text = 'Votre session est terminée\u00A0: cette page ne change plus.';
  say(text);
  const link = Object.assign(document.createElement('a'), {
    href: location.href,
    textContent: 'Se reconnecter',
  });
  const notice = Object.assign(document.createElement('p'), {
    className: 'notice notice-refused',
  });
  notice.append(`${text} `, link);
  byId('notice')?.replaceChildren(notice);
}

if (topics.length > 0) {
  setInterval(() => stream && Date.now() - heardAt > SILENCE_MS && broken(), 10_000);
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) return hush();
    listen();
    if (isOld) refresh();
  });
  addEventListener('offline', () => stream && broken());
  addEventListener('online', () => listen());
  addEventListener('pagehide', hush);
  addEventListener('pageshow', listen);
  if (pauseButton) pauseButton.hidden = false;
  pauseButton?.addEventListener('click', () => {
    paused = !paused;
    pauseButton.setAttribute('aria-pressed', String(paused));
    pauseButton.textContent = paused ? 'Reprendre' : 'Suspendre';
    if (!paused) return listen();
    hush();
    say(`En pause, données de ${asOf}`);
  });
}

// ---- live: looking again
let refreshing = null;
let isOld = false;

// One fetch at a time; what is told meanwhile makes one more, the later the slower the answer.
function refresh() {
  isOld = true;
  refreshing ??= lookAgain().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function lookAgain() {
  while (isOld && mayListen()) {
    await pause(GATHER_MS);
    isOld = false;
    const began = performance.now();
    if (!(await fetchParts())) return;
    const took = performance.now() - began;
    await pause(Math.min(MOST_BETWEEN_MS, Math.max(LEAST_BETWEEN_MS, 4 * took)));
  }
}

async function fetchParts() {
  try {
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(location.href, { headers: { 'X-Live': '1' }, signal });
    if (answer.redirected) {
      finish();
      return false;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (paused) return false;
    put(fresh);
    sayLive();
    return true;
  } catch {
    isOld = true;
    sayCut();
    // With a stream at hand nobody else would look again.
    if (stream) setTimeout(refresh, RETRY_MS);
    return false;
  }
}

// ---- live: putting it in place
const held = new Map();
const isBusy = (part) => part.matches(':hover, :focus-within');
const rowIds = (part) => Array.from(part.children, (row) => row.id).join(' ');

function put(fresh) {
  const before = sentences();
  for (const part of fresh.querySelectorAll('[data-live][id]')) {
    const old = byId(part.id);
    if (!old || part.parentElement.closest('[data-live]')) continue;
    held.delete(part.id);
    if (part.dataset.live === 'rows' && isBusy(old) && rowIds(old) !== rowIds(part)) {
      held.set(part.id, part);
      putRows(old, part);
    } else morph(old, part);
  }
  for (const part of fresh.querySelectorAll('[data-live-news][id]')) putNews(byId(part.id), part);
  revealButtons();
  countDown();
  const now = sentences();
  const changed = now.filter((text, index) => text !== before[index]);
  if (changed.length > 0) announce(changed.join(' '));
}

function morph(old, part) {
  if (old.isEqualNode(part)) return;
  Idiomorph.morph(old, document.importNode(part, true), {
    ignoreActiveValue: true,
    callbacks: {
      // What the person opened stays open; what they typed or chose stays so.
      beforeAttributeUpdated: (name, node) =>
        !(name === 'open' && node.matches('details, dialog')) &&
        !(name === 'value' && node.matches('input')),
      beforeNodeMorphed: (node) => !isTyped(node),
    },
  });
}

function isTyped(node) {
  if (!(node instanceof Element)) return false;
  if (node.matches('select'))
    return [...node.options].some((it) => it.selected !== it.defaultSelected);
  return node.matches('input, textarea') && node.value !== node.defaultValue;
}

/** Rows that are known change where they stand. Returns those that are not. */
function putRows(old, part) {
  return [...part.children].filter((row) => {
    const known = row.id && byId(row.id);
    if (!known || known.parentElement !== old) return true;
    morph(known, row);
    return false;
  });
}

function putHeld() {
  for (const [id, part] of held) {
    const old = byId(id);
    if (old && isBusy(old)) continue;
    held.delete(id);
    if (old) morph(old, part);
  }
}
for (const leaving of ['mouseout', 'focusout'])
  document.addEventListener(leaving, () => held.size > 0 && setTimeout(putHeld));

// Rows above wait for a click; those that came up from the next page go to the end; those that are
// no longer of this list stay, and look it.
function putNews(old, part) {
  const rows = [...(old?.children ?? [])];
  const isFresh = new Set(Array.from(part.children, (row) => row.id));
  const last = rows.findLastIndex((row) => isFresh.has(row.id));
  rows.forEach((row, index) => {
    row.toggleAttribute('data-gone', index < last && !isFresh.has(row.id));
  });
  const isNew = new Set(old ? putRows(old, part) : part.children);
  const all = [...part.children];
  const lastKnown = all.findLastIndex((row) => !isNew.has(row));
  if (lastKnown >= 0)
    for (const row of all.slice(lastKnown + 1)) {
      old.append(document.importNode(row, true));
      isNew.delete(row);
    }
  const place = byId(`${part.id}-news`);
  const [one = '', many = ''] = part.dataset.liveNews.split('|');
  if (!place || one === '' || isNew.size === 0) return;
  const text = `${isNew.size} ${isNew.size < 2 ? one : many}`;
  const link = Object.assign(document.createElement('a'), {
    ...{ className: 'button small', href: location.href, textContent: `${text} – Afficher` },
  });
  if (place.textContent === link.textContent) return;
  place.replaceChildren(link);
  announce(text);
}

// ---- live: reading out, once in ten seconds at most
const READ_OUT_EVERY_MS = 10_000;
let readOutAt = -READ_OUT_EVERY_MS;
let toReadOut = '';
let isReadingOut = false;

const sentences = () =>
  Array.from(document.querySelectorAll('[data-live-says]'), (it) => it.textContent.trim());

function announce(text) {
  const said = byId('said');
  if (!said) return;
  toReadOut = text;
  if (isReadingOut) return;
  isReadingOut = true;
  const readOut = () => {
    isReadingOut = false;
    readOutAt = performance.now();
    said.textContent = toReadOut;
  };
  setTimeout(readOut, Math.max(0, readOutAt + READ_OUT_EVERY_MS - performance.now()));
}

// ---- hours to come
function countDown() {
  for (const it of document.querySelectorAll('[data-countdown]')) {
    const s = Math.round((Date.parse(it.dataset.countdown) - Date.now()) / 1000);
    const [h, min] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
    const parts = h > 0 ? [`${h} h`, `${min} min`] : [min > 0 ? `${min} min` : '', `${s % 60} s`];
    const text = s <= 0 ? 'maintenant' : `dans ${parts.filter(Boolean).join(' ')}`;
    if (it.textContent !== text) it.textContent = text;
  }
}
setInterval(countDown, 1000);

// ---- copying
function revealButtons() {
  for (const button of document.querySelectorAll('[data-copy][hidden]')) button.hidden = false;
}
revealButtons();
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-copy]');
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const text = button.dataset.text ?? source?.textContent.trim() ?? '';
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Plain HTTP on a LAN has no clipboard: the text is at least selected.
    if (source) getSelection().selectAllChildren(source);
    document.execCommand('copy');
  }
  const label = button.textContent;
  button.textContent = 'Copié';
  await pause(2000);
  button.textContent = label;
});

// ---- a second click on the same form sends nothing
document.addEventListener('submit', (event) => {
  const form = event.target;
  // What goes into a frame of this page changes nothing.
  if (form.method !== 'post' || event.submitter?.formTarget) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = '1';
  for (const button of form.querySelectorAll('button'))
    button.setAttribute('aria-disabled', 'true');
});
addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('button')) button.removeAttribute('aria-disabled');
  }
});

// ---- passwords shown while one wishes, never when the form leaves
const reveal = (button, shows) => {
  byId(button.dataset.reveal).type = shows ? 'text' : 'password';
  button.firstElementChild.textContent = shows ? 'Masquer' : 'Afficher';
};
for (const button of document.querySelectorAll('[data-reveal]')) {
  button.hidden = false;
  button.addEventListener('click', () =>
    reveal(button, byId(button.dataset.reveal).type === 'password'),
  );
  byId(button.dataset.reveal).form?.addEventListener('submit', () => reveal(button, false));
}

// ---- the look of a form that is not saved yet, in its frame
const LOOK_AFTER_MS = 400;
const look = document.querySelector('[data-look]');
if (look) {
  let wait = 0;
  let looks = 0;
  // Each look is a frame of its own: no white between two, and nothing for the button « back ».
  const showLook = () => {
    const old = document.querySelector('iframe.look:not([hidden])');
    const next = old.cloneNode();
    next.removeAttribute('src');
    next.name = `look-${++looks}`;
    next.hidden = true;
    next.addEventListener('load', () => {
      if (next.contentDocument) return; // still empty: what comes has an origin of its own
      if (next.name !== `look-${looks}`) return next.remove();
      for (const other of document.querySelectorAll('iframe.look'))
        if (other !== next) other.remove();
      next.hidden = false;
    });
    old.after(next);
    look.formTarget = next.name;
    look.form.requestSubmit(look);
  };
  look.form.addEventListener('input', () => {
    clearTimeout(wait);
    wait = setTimeout(showLook, LOOK_AFTER_MS);
  });
  // The form came back with what was typed: its look is not the stored one.
  if ('lookNow' in look.dataset) showLook();
}

// ---- keys
const keys = document.getElementById('keys');
const keysButton = document.getElementById('keys-open');
if (keys && keysButton) {
  keysButton.hidden = false;
  keysButton.addEventListener('click', () => keys.showModal());
}
const PLACES = { v: '', c: '/orders', n: '/notifications', q: '/quarantine', p: '/partners' };
let afterG = false;
document.addEventListener('keydown', (event) => {
  const { key, target, ctrlKey, altKey, metaKey } = event;
  if (document.body.hasAttribute('data-no-shortcuts') || ctrlKey || altKey || metaKey) return;
  if (target.closest('input, select, textarea, dialog, [contenteditable]')) return;
  if (afterG && Object.hasOwn(PLACES, key)) location.assign(`/dashboard${PLACES[key]}`);
  afterG = key === 'g';
  if (key === '?') keys?.showModal();
  if (key === '/') {
    event.preventDefault();
    document.getElementById('q')?.focus();
  }
  if (key === 'j' || key === 'k') step(key === 'j' ? 1 : -1);
});

function step(by) {
  const rows = [...document.querySelectorAll('[data-row]')];
  const at = rows.indexOf(document.activeElement);
  rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
}

// Everything is in place: the first word of the stream may come.
listen();
