// Who paid, from wherever Stripe keeps it: the session's form first (it is what the customer typed
// for this payment), the invoice's snapshot second, the live customer last. The customer is read
// live so that an address mended in Stripe's dashboard frees a payment from quarantine.

import { type Address, isSingleEmail } from '#domain/customer.ts';
import type { BuyerFacts } from '#domain/payment.ts';
import { plainLineOrNull } from '#domain/text.ts';
import type { TaxSituation } from './line-tax.ts';
import {
  type AddressShape,
  expanded,
  type InvoiceShape,
  rowsOf,
  type SessionShape,
  type TaxIdShape,
  textOf,
} from './shapes.ts';

type Documents = {
  readonly session: SessionShape | null;
  readonly invoice: InvoiceShape | null;
};

/** Everything but the e-mail is cleaned for print; the e-mail is judged by the domain as it is. */
export function buyerFacts({ session, invoice }: Documents): BuyerFacts {
  const details = session?.customer_details;
  const customer = expanded(session?.customer) ?? expanded(invoice?.customer);
  const business = firstLine(
    details?.business_name,
    session?.collected_information?.business_name,
    customer?.business_name,
  );
  const individual = firstLine(
    details?.individual_name,
    session?.collected_information?.individual_name,
    customer?.individual_name,
  );
  // Asked for by their own fields, these two say who is who; `name` is then one of them again.
  const anyName = firstLine(details?.name, invoice?.customer_name, customer?.name);
  return {
    name: business !== null || individual !== null ? individual : anyName,
    businessName: business,
    email: bestEmail([
      details?.email,
      session?.customer_email,
      invoice?.customer_email,
      customer?.email,
    ]),
    phone: firstLine(details?.phone, invoice?.customer_phone, customer?.phone),
    address: bestAddress([details?.address, invoice?.customer_address, customer?.address]),
    vatNumber: vatNumberOf(details?.tax_ids) ?? vatNumberOf(invoice?.customer_tax_ids),
  };
}

/** The session's word on exemption counts only where there is no invoice to say it. */
export function taxSituation({ session, invoice }: Documents, buyer: BuyerFacts): TaxSituation {
  const exemption = textOf(
    invoice ? invoice.customer_tax_exempt : session?.customer_details?.tax_exempt,
  );
  return { exemption: exemption ?? 'none', vatNumber: buyer.vatNumber };
}

// A well-formed address later in the line beats a broken one before it: that is how an operator
// repairs a payment whose snapshot cannot be edited any more.
function bestEmail(candidates: readonly unknown[]): string | null {
  const given = candidates
    .map(textOf)
    .filter((it) => it !== null)
    .map((it) => it.trim());
  return given.find(isSingleEmail) ?? given[0] ?? null;
}

function firstLine(...candidates: readonly unknown[]): string | null {
  for (const candidate of candidates) {
    const line = plainLineOrNull(textOf(candidate));
    if (line !== null) return line;
  }
  return null;
}

// A card's form often asks for the country and postal code alone: an address with a street beats it.
function bestAddress(candidates: readonly (AddressShape | null | undefined)[]): Address | null {
  const given = candidates.map(addressOf).filter((it) => it !== null);
  return given.find(({ line1 }) => line1 !== null) ?? given[0] ?? null;
}

function addressOf(shape: AddressShape | null | undefined): Address | null {
  const country = firstLine(shape?.country);
  const address: Address = {
    line1: firstLine(shape?.line1),
    line2: firstLine(shape?.line2),
    postalCode: firstLine(shape?.postal_code),
    city: firstLine(shape?.city),
    state: firstLine(shape?.state),
    country: country !== null && /^[a-z]{2}$/i.test(country) ? country.toUpperCase() : null,
  };
  return Object.values(address).some((part) => part !== null) ? address : null;
}

function vatNumberOf(ids: readonly TaxIdShape[] | null | undefined): string | null {
  const numbers = rowsOf(ids).filter((it) => it.type === 'eu_vat');
  return firstLine(...numbers.map((it) => it.value));
}
