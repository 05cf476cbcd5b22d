// What a browser calls itself, in three words: enough to tell one's telephone from one's desk. Browsers
// pretend to be each other, so the order in which names are looked for is the whole art.

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\b(Linux|X11)\b/, 'Linux'],
];

/** « Firefox, Linux »; « Navigateur inconnu » when it says nothing that we know. */
export function browserName(userAgent: string | null): string {
  const found = [BROWSERS, SYSTEMS].flatMap((names) => {
    const name = names.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
    return name ? [name] : [];
  });
  return found.join(', ') || 'Navigateur inconnu';
}
