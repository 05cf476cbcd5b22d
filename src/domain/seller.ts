// The seller's legal identity, as SELLER_FILE gives it: what French law wants at the foot of every
// invoice. It is checked when read, digits and keys included, because a wrong SIREN on ten thousand
// invoices cannot be taken back.

import { plainLineOrNull } from './text.ts';

/** All texts are printed as they stand. */
export type Seller = {
  /** The trade name at the head of the invoice: « Service Fiscalité – ComptAppart ». */
  readonly tradeName: string;
  readonly name: string;
  /** « SAS ». */
  readonly legalForm: string;
  /** « 10 000 € », or null for forms without capital. */
  readonly capital: string | null;
  readonly addressLines: readonly string[];
  /** Nine digits, Luhn-checked. */
  readonly siren: string;
  /** « Lyon ». */
  readonly rcsCity: string;
  /** `FR`, two digits of key, the SIREN. */
  readonly vatNumber: string;
  readonly email: string;
  readonly termsUrl: string;
  /** The consumer mediator, printed for consumers; null if none. */
  readonly mediator: string | null;
  /** True prints « Option pour le paiement de la taxe d’après les débits ». */
  readonly vatOnDebits: boolean;
};

/** Nine digits whose Luhn sum is a multiple of ten (INSEE's rule for SIREN numbers). */
export function isSiren(text: string): boolean {
  if (!/^\d{9}$/.test(text)) return false;
  const sum = [...text].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

/** The French VAT number of a SIREN: key = (12 + 3 × (SIREN mod 97)) mod 97. */
export function frenchVatNumber(siren: string): string {
  const key = (12 + 3 * (Number(siren) % 97)) % 97;
  return `FR${String(key).padStart(2, '0')}${siren}`;
}

/** The seller, or everything that is wrong with the data, one sentence a fault. */
export function parseSeller(data: unknown): Seller | { readonly faults: readonly string[] } {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    return { faults: ['it is not a JSON object'] };
  }
  const fields = data as Record<string, unknown>;
  const faults: string[] = [];

  function text(name: string): string {
    const value = fields[name];
    const line = typeof value === 'string' ? plainLineOrNull(value, 200) : null;
    if (line === null) faults.push(`${name} must be a text`);
    return line ?? '';
  }
  function textOrNull(name: string): string | null {
    return fields[name] === undefined || fields[name] === null ? null : text(name);
  }

  const lines = fields.addressLines;
  const addressLines = Array.isArray(lines)
    ? lines.map((line) => (typeof line === 'string' ? plainLineOrNull(line, 100) : null))
    : [];
  if (addressLines.length === 0 || addressLines.length > 5 || addressLines.includes(null)) {
    faults.push('addressLines must be one to five texts');
  }
  const siren = text('siren').replace(/\s/g, '');
  if (!isSiren(siren)) faults.push('siren must be nine digits with a valid Luhn key');
  const vatNumber = text('vatNumber').replace(/\s/g, '').toUpperCase();
  if (isSiren(siren) && vatNumber !== frenchVatNumber(siren)) {
    faults.push('vatNumber must be FR, the key of the SIREN, and the SIREN');
  }
  const email = text('email');
  if (!/^\S+@\S+\.\S+$/.test(email)) faults.push('email must be an address');
  const termsUrl = text('termsUrl');
  if (!/^https:\/\/\S+$/.test(termsUrl)) faults.push('termsUrl must be an https:// address');
  const vatOnDebits = fields.vatOnDebits ?? false;
  if (typeof vatOnDebits !== 'boolean') faults.push('vatOnDebits must be true or false');

  const seller: Seller = {
    tradeName: text('tradeName'),
    name: text('name'),
    legalForm: text('legalForm'),
    capital: textOrNull('capital'),
    addressLines: addressLines.filter((line) => line !== null),
    siren,
    rcsCity: text('rcsCity'),
    vatNumber,
    email,
    termsUrl,
    mediator: textOrNull('mediator'),
    vatOnDebits: vatOnDebits === true,
  };
  return faults.length === 0 ? seller : { faults };
}
