// Every field of Stripe's objects that we read, and none that we do not. All are optional and of
// unknown type, because what arrives is JSON: keys are missing in old objects, enums are open, and
// what was an id can be an object when it was expanded. The readers below take any of it without a
// throw. Shapes marked "before basil" (2025-03-31) are read second; accounts in transition sent
// both. The file is long because it is the one list of what we rely on.

import { type Cents, cents } from '#domain/money.ts';

/** An id, or the object itself if it was expanded. */
export type Ref<T> = string | T | null | undefined;
type Maybe<T> = T | null | undefined;
/** The rows of a list, if it is one. */
export type Rows<T> = Maybe<readonly T[]>;

export type SessionShape = {
  readonly id?: unknown;
  readonly livemode?: unknown;
  readonly created?: unknown;
  readonly mode?: unknown;
  readonly status?: unknown;
  readonly payment_status?: unknown;
  readonly amount_total?: unknown;
  readonly currency?: unknown;
  readonly line_items?: Maybe<{
    readonly data?: Rows<SessionLineShape>;
    readonly has_more?: unknown;
  }>;
  readonly shipping_cost?: Maybe<ShippingShape>;
  readonly automatic_tax?: Maybe<AutomaticTaxShape>;
  readonly payment_intent?: Ref<IntentShape>;
  readonly invoice?: Ref<{ readonly id?: unknown }>;
  readonly invoice_creation?: Maybe<{ readonly enabled?: unknown }>;
  readonly managed_payments?: ManagedShape;
  readonly payment_method_types?: Rows<unknown>;
  readonly customer?: Ref<CustomerShape>;
  readonly customer_email?: unknown;
  readonly customer_details?: Maybe<{
    readonly email?: unknown;
    readonly name?: unknown;
    readonly individual_name?: unknown;
    readonly business_name?: unknown;
    readonly phone?: unknown;
    readonly address?: Maybe<AddressShape>;
    readonly tax_exempt?: unknown;
    readonly tax_ids?: Rows<TaxIdShape>;
  }>;
  readonly collected_information?: Maybe<{
    readonly individual_name?: unknown;
    readonly business_name?: unknown;
  }>;
};

export type SessionLineShape = {
  readonly id?: unknown;
  readonly description?: unknown;
  readonly quantity?: unknown;
  readonly amount_total?: unknown;
  readonly amount_discount?: unknown;
  readonly amount_tax?: unknown;
  readonly taxes?: Rows<{
    readonly amount?: unknown;
    readonly rate?: Ref<TaxRateShape>;
    readonly taxability_reason?: unknown;
  }>;
  readonly price?: Maybe<PriceShape>;
};

export type InvoiceShape = {
  readonly id?: unknown;
  readonly livemode?: unknown;
  readonly created?: unknown;
  readonly status?: unknown;
  readonly billing_reason?: unknown;
  readonly total?: unknown;
  readonly currency?: unknown;
  readonly amount_paid?: unknown;
  readonly amount_paid_off_stripe?: unknown;
  readonly starting_balance?: unknown;
  readonly lines?: Maybe<{
    readonly data?: Rows<InvoiceLineShape>;
    readonly has_more?: unknown;
  }>;
  readonly total_taxes?: Rows<{ readonly amount?: unknown }>;
  readonly amount_shipping?: unknown;
  readonly shipping_cost?: Maybe<ShippingShape>;
  readonly automatic_tax?: Maybe<AutomaticTaxShape & { readonly disabled_reason?: unknown }>;
  readonly status_transitions?: Maybe<{ readonly paid_at?: unknown }>;
  readonly issuer?: Maybe<{ readonly type?: unknown }>;
  readonly on_behalf_of?: Ref<{ readonly id?: unknown }>;
  readonly parent?: Maybe<{
    readonly subscription_details?: Maybe<{ readonly subscription?: Ref<SubscriptionShape> }>;
  }>;
  readonly payments?: Maybe<{ readonly data?: Rows<InvoicePaymentShape> }>;
  readonly default_payment_method?: Ref<PaymentMethodShape>;
  readonly customer?: Ref<CustomerShape>;
  readonly customer_email?: unknown;
  readonly customer_name?: unknown;
  readonly customer_phone?: unknown;
  readonly customer_address?: Maybe<AddressShape>;
  readonly customer_tax_exempt?: unknown;
  readonly customer_tax_ids?: Rows<TaxIdShape>;
  // Before basil.
  readonly subscription?: Ref<SubscriptionShape>;
  readonly payment_intent?: Ref<IntentShape>;
  readonly charge?: Ref<ChargeShape>;
  readonly paid_out_of_band?: unknown;
  readonly total_tax_amounts?: Rows<{ readonly amount?: unknown }>;
};

export type InvoiceLineShape = {
  readonly id?: unknown;
  readonly description?: unknown;
  readonly quantity?: unknown;
  /** A decimal in a string, or in the SDK's own class. */
  readonly quantity_decimal?: unknown;
  readonly amount?: unknown;
  readonly discount_amounts?: Rows<{ readonly amount?: unknown }>;
  readonly taxes?: Rows<{
    readonly amount?: unknown;
    readonly tax_behavior?: unknown;
    readonly tax_rate_details?: Maybe<{ readonly tax_rate?: unknown }>;
    readonly taxability_reason?: unknown;
  }>;
  readonly pricing?: Maybe<{
    readonly type?: unknown;
    readonly price_details?: Maybe<{
      readonly product?: unknown;
      readonly price?: Ref<PriceShape>;
    }>;
  }>;
  // Before basil.
  readonly price?: Maybe<PriceShape>;
  readonly plan?: Maybe<{ readonly product?: Ref<ProductShape> }>;
  readonly tax_amounts?: Rows<{
    readonly amount?: unknown;
    readonly inclusive?: unknown;
    readonly tax_rate?: Ref<TaxRateShape>;
    readonly taxability_reason?: unknown;
  }>;
};

export type InvoicePaymentShape = {
  readonly status?: unknown;
  readonly payment?: Maybe<{
    readonly type?: unknown;
    readonly payment_intent?: Ref<IntentShape>;
    readonly charge?: Ref<ChargeShape>;
  }>;
};

export type IntentShape = {
  readonly id?: unknown;
  readonly status?: unknown;
  readonly latest_charge?: Ref<ChargeShape>;
  readonly payment_method?: Ref<PaymentMethodShape>;
  readonly payment_method_types?: Rows<unknown>;
  readonly on_behalf_of?: Ref<{ readonly id?: unknown }>;
  readonly managed_payments?: ManagedShape;
};

export type ChargeShape = {
  readonly id?: unknown;
  readonly created?: unknown;
  readonly payment_method_details?: Maybe<{ readonly type?: unknown }>;
};

export type PriceShape = {
  readonly id?: unknown;
  readonly product?: Ref<ProductShape>;
  readonly metadata?: Maybe<{ readonly partner?: unknown }>;
};

export type ProductShape = {
  readonly id?: unknown;
  readonly deleted?: unknown;
  readonly name?: unknown;
  readonly metadata?: Maybe<{ readonly partner?: unknown }>;
};

export type CustomerShape = {
  readonly id?: unknown;
  readonly email?: unknown;
  readonly name?: unknown;
  readonly individual_name?: unknown;
  readonly business_name?: unknown;
  readonly phone?: unknown;
  readonly address?: Maybe<AddressShape>;
};

export type AddressShape = {
  readonly line1?: unknown;
  readonly line2?: unknown;
  readonly postal_code?: unknown;
  readonly city?: unknown;
  readonly state?: unknown;
  readonly country?: unknown;
};

export type TaxIdShape = { readonly type?: unknown; readonly value?: unknown };

export type TaxRateShape = {
  readonly id?: unknown;
  readonly inclusive?: unknown;
  readonly percentage?: unknown;
  readonly effective_percentage?: unknown;
  readonly tax_type?: unknown;
};

/** When enabled, Stripe is the customer's seller. */
export type ManagedShape = Maybe<{ readonly enabled?: unknown }>;

export type AutomaticTaxShape = {
  readonly enabled?: unknown;
  readonly status?: unknown;
  readonly liability?: Maybe<{ readonly type?: unknown }>;
};

export type ShippingShape = { readonly amount_total?: unknown; readonly amount_tax?: unknown };

export type SubscriptionShape = {
  readonly id?: unknown;
  readonly on_behalf_of?: Ref<{ readonly id?: unknown }>;
  readonly managed_payments?: ManagedShape;
  readonly default_payment_method?: Ref<PaymentMethodShape>;
};

export type PaymentMethodShape = { readonly id?: unknown; readonly type?: unknown };

// ---- Readers: any JSON in, never a throw ------------------------------------------------------

/** The object when it was expanded, else null. */
export function expanded<T extends object>(ref: Ref<T>): T | null {
  return typeof ref === 'object' && ref !== null ? ref : null;
}

/** The id, expanded or not. Null for none. */
export function idOf(ref: Ref<{ readonly id?: unknown }>): string | null {
  return textOf(typeof ref === 'object' && ref !== null ? ref.id : ref);
}

/** The string as it is, or null when it is none or blank. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

/** The rows that are objects; none for anything that is no array. */
export function rowsOf<T extends object>(rows: Rows<T>): readonly T[] {
  return Array.isArray(rows) ? rows.filter((row) => typeof row === 'object' && row !== null) : [];
}

/** The only entry, when there is exactly one and it is text. */
export function onlyTextOf(rows: Rows<unknown>): string | null {
  return Array.isArray(rows) && rows.length === 1 ? textOf(rows[0]) : null;
}

/**
 * Minor units; null unless a whole number. Twelve digits are more than Stripe takes in any
 * currency, and few enough that no sum of lines leaves what a double holds exactly.
 */
export function amountOf(value: unknown): Cents | null {
  return Number.isInteger(value) && Math.abs(value as number) < 1e12
    ? cents(value as number)
    : null;
}

/** Unix seconds as an instant; null unless it lies between 1970 and the year 10000. */
export function instantOf(value: unknown): Date | null {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 253_402_300_800
    ? new Date((value as number) * 1000)
    : null;
}
