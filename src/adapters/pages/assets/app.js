// What pages do beyond what links and forms do: they show what happens while it happens, answer to keys,
// copy. The server writes every word; here the parts marked `data-live` are fetched again when the stream
// tells of something they are about, and put in place of the old ones without moving focus, open details
// or a selection. Without this file every page works, and stands still.

/* global Idiomorph */
const topics = (document.body.dataset.liveTopics ?? '').split(' ').filter(Boolean);
const line = document.getElementById('line');
const pauseButton = document.getElementById('pause');
const clock = new Intl.DateTimeFormat('fr-FR', { timeStyle: 'medium', timeZone: 'Europe/Paris' });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- live
const LEAST_BETWEEN_MS = 250;
const RETRY_MS = 5000;
let stream = null;
let paused = false;
let asOf = line?.dataset.asOf ?? '';
let refreshing = null;
let again = false;

const matches = (told) =>
  topics.some(
    (topic) => topic === told || (topic.endsWith(':*') && told.startsWith(topic.slice(0, -1))),
  );

function say(text) {
  if (line && line.textContent !== text) line.textContent = text;
}

// One fetch at a time; what is told meanwhile makes one more.
function refresh() {
  if (refreshing) {
    again = true;
    return refreshing;
  }
  refreshing = (async () => {
    do {
      again = false;
      await fetchParts();
      await pause(LEAST_BETWEEN_MS);
    } while (again);
  })().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function fetchParts() {
  try {
    const answer = await fetch(location.href, { headers: { 'X-Live': '1' } });
    if (answer.redirected) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    put(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    asOf = clock.format(new Date());
    if (!paused) say(`En direct, données de ${asOf}`);
  } catch {
    say(`Connexion interrompue : ces données datent de ${asOf}. Nouvel essai dans 5 s.`);
    setTimeout(refresh, RETRY_MS);
  }
}

function put(fresh) {
  for (const part of fresh.querySelectorAll('[data-live][id]')) {
    const old = document.getElementById(part.id);
    if (!old || old.isEqualNode(part)) continue;
    Idiomorph.morph(old, document.importNode(part, true), {
      ignoreActiveValue: true,
      callbacks: {
        // What the person opened stays open; what they typed stays typed.
        beforeAttributeUpdated: (name, node) =>
          !(
            (name === 'open' && node.tagName === 'DETAILS') ||
            (name === 'value' && node.matches?.('input'))
          ),
      },
    });
  }
  revealButtons();
}

function listen() {
  if (topics.length === 0 || paused || document.hidden || stream) return;
  stream = new EventSource(
    '/dashboard/live'.replace('/dashboard', document.body.dataset.liveBase ?? '/dashboard'),
  );
  stream.onopen = () => {
    say(`En direct, données de ${asOf}`);
    refresh(); // whatever was told while nobody listened
  };
  stream.onmessage = ({ data }) => {
    if (data === 'again' || matches(data)) refresh();
  };
  stream.onerror = () => {
    say(`Connexion interrompue : ces données datent de ${asOf}. Nouvel essai dans 5 s.`);
    hush();
    setTimeout(listen, RETRY_MS);
  };
}

function hush() {
  stream?.close();
  stream = null;
}

document.addEventListener('visibilitychange', () => (document.hidden ? hush() : listen()));
addEventListener('pagehide', hush);
addEventListener('pageshow', listen);
if (pauseButton && topics.length > 0) {
  pauseButton.hidden = false;
  pauseButton.addEventListener('click', () => {
    paused = !paused;
    pauseButton.setAttribute('aria-pressed', String(paused));
    pauseButton.textContent = paused ? 'Reprendre' : 'Suspendre';
    if (paused) {
      hush();
      say(`En pause, données de ${asOf}`);
    } else listen();
  });
}
listen();

// ---- hours to come
setInterval(() => {
  for (const place of document.querySelectorAll('[data-countdown]')) {
    const s = Math.round((Date.parse(place.dataset.countdown) - Date.now()) / 1000);
    const [h, min] = [Math.floor(s / 3600), Math.floor((s % 3600) / 60)];
    const parts = h > 0 ? [`${h} h`, `${min} min`] : [min > 0 ? `${min} min` : '', `${s % 60} s`];
    place.textContent = s <= 0 ? 'maintenant' : `dans ${parts.filter(Boolean).join(' ')}`;
  }
}, 1000);

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
  if (form.method !== 'post') return;
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
