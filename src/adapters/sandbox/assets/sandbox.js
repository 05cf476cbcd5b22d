// Saves the reload: buys in place, then looks at the purchase until nothing more happens. The
// server writes every word; here only the parts that changed are put in place of the old ones, so
// that nothing else moves. Without this file the same forms and pages do the same.

const SOON_MS = 50;
const LATER_MS = 1000;
const SOON_FOR_MS = 15_000;
const GIVE_UP_AFTER_MS = 180_000;

const shop = document.getElementById('shop');
const journey = () => document.getElementById('journey');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What stood there last, as the server wrote it: the page's own copy may differ in white space. */
const shown = new Map();
let following = null;

function put(html) {
  const fresh = new DOMParser().parseFromString(html, 'text/html');
  for (const part of fresh.querySelectorAll('[data-live]')) {
    const old = document.getElementById(part.id);
    if (!old || shown.get(part.id) === part.outerHTML) continue;
    shown.set(part.id, part.outerHTML);
    if (old.outerHTML === part.outerHTML) continue;
    // A region that is announced must stay; only its words change.
    if (part.getAttribute('role') === 'status') old.textContent = part.textContent;
    else old.replaceWith(document.importNode(part, true));
  }
  return fresh.getElementById('journey').dataset.done === 'true';
}

async function follow(id) {
  following = id;
  journey().classList.add('following');
  const startedAt = performance.now();
  while (following === id && performance.now() - startedAt < GIVE_UP_AFTER_MS) {
    try {
      const answer = await fetch(`/sandbox/purchases/${encodeURIComponent(id)}/live`);
      if (!answer.ok) throw new Error(String(answer.status));
      const html = await answer.text();
      if (following !== id) return;
      tell('');
      if (put(html)) return;
    } catch {
      tell('Connexion interrompue : nouvel essai dans une seconde.');
      await pause(LATER_MS);
    }
    await pause(performance.now() - startedAt < SOON_FOR_MS ? SOON_MS : LATER_MS);
  }
}

function tell(trouble) {
  const place = document.getElementById('shop-trouble');
  place.textContent = trouble;
  place.hidden = trouble === '';
}

let buying = false;
async function buy(event) {
  event.preventDefault();
  if (buying) return;
  buying = true;
  const { submitter } = event;
  submitter?.setAttribute('aria-disabled', 'true');
  tell('');
  try {
    const body = new URLSearchParams(new FormData(shop, submitter));
    const headers = { Accept: 'application/json' };
    const answer = await fetch(shop.action, { method: 'POST', body, headers });
    const { purchaseId, error } = await answer.json();
    if (!answer.ok) throw new Error(error);
    history.replaceState(null, '', `/?achat=${encodeURIComponent(purchaseId)}`);
    journey().scrollIntoView({ block: 'nearest' });
    follow(purchaseId);
  } catch (error) {
    tell(`L’achat n’a pas pu être simulé. ${error.message ?? ''}`);
  } finally {
    buying = false;
    submitter?.removeAttribute('aria-disabled');
  }
}

async function copy(event) {
  const button = event.currentTarget;
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent.trim());
  } catch {
    // Plain HTTP on a LAN has no clipboard: the text is at least selected.
    getSelection().selectAllChildren(source);
    document.execCommand('copy');
  }
  button.textContent = 'Copié';
  await pause(2000);
  button.textContent = 'Copier';
}

if (shop) {
  shop.addEventListener('submit', buy);
  const { purchase, done } = journey().dataset;
  if (purchase && done === 'false') follow(purchase);
}
for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', copy);
}
