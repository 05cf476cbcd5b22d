// Where somebody goes after signing in: back to the page they came for. The address passes through the
// browser, so anything may stand in it; only a place of the dashboard is taken.

const HERE = 'http://here.invalid';
const LONGEST = 2_000;

/** The path and query of a page of ours that `wanted` names, or the overview. */
export function ownPlace(wanted: string): string {
  if (wanted.length > LONGEST || !wanted.startsWith('/')) return '/dashboard';
  const url = URL.parse(wanted, HERE);
  if (url?.origin !== HERE || url.username !== '') return '/dashboard';
  const isOurs = /^\/dashboard(\/(?!sign-in|welcome)|$)/.test(url.pathname);
  return isOurs ? url.pathname + url.search : '/dashboard';
}
