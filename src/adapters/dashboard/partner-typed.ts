// What somebody typed into a partner's form, and how it is shown again when it could not be taken or when
// somebody else was quicker: nothing typed is lost, each fault stands beside its field, and of a field
// that both changed both values are shown.

import type { Form } from '#adapters/pages/form.ts';
import {
  type PartnerField,
  type ReadPartner,
  readLogo,
  type TypedPartner,
} from '#adapters/partner-fields.ts';
import type { RegisteredPartner } from '#adapters/postgres/partner-registry.ts';
import { typeset } from '#adapters/typeset.ts';
import type { Logo } from '#domain/partner.ts';

/** In the order of the form. */
export const FIELDS = [
  {
    field: 'name',
    label: 'Nom',
    help: 'Comme ses clients le lisent sur la facture et dans l’e-mail.',
    type: 'text',
    autocomplete: 'organization',
  },
  {
    field: 'stagingUrl',
    label: 'Adresse de préproduction',
    help: 'Reçoit les commandes des paiements de test.',
    type: 'url',
    autocomplete: 'off',
  },
  {
    field: 'productionUrl',
    label: 'Adresse de production',
    help: 'Reçoit les vraies commandes. HTTPS, joignable depuis Internet.',
    type: 'url',
    autocomplete: 'off',
  },
  {
    field: 'contactEmail',
    label: 'E-mail de contact',
    help: 'Les réponses des clients y arrivent.',
    type: 'email',
    autocomplete: 'off',
  },
  {
    field: 'contactPhone',
    label: 'Téléphone',
    help: null,
    type: 'tel',
    autocomplete: 'off',
  },
  { field: 'website', label: 'Site', help: null, type: 'url', autocomplete: 'off' },
  {
    field: 'color',
    label: 'Couleur',
    help: 'De la forme #0b7a75 : elle colore un filet de la facture, jamais un texte.',
    type: 'text',
    autocomplete: 'off',
  },
] as const satisfies readonly {
  readonly field: PartnerField;
  readonly label: string;
  readonly help: string | null;
  readonly type: string;
  readonly autocomplete: string;
}[];

export type FormField = (typeof FIELDS)[number]['field'];
export type Values = Readonly<Record<FormField, string>>;

export function valuesOf({ branding, stagingUrl, productionUrl }: RegisteredPartner): Values {
  return {
    name: branding.name,
    stagingUrl: stagingUrl ?? '',
    productionUrl: productionUrl ?? '',
    contactEmail: branding.contactEmail ?? '',
    contactPhone: branding.contactPhone ?? '',
    website: branding.website ?? '',
    color: branding.color ?? '',
  };
}

export const NO_VALUES: Values = {
  ...{ name: '', stagingUrl: '', productionUrl: '', contactEmail: '' },
  ...{ contactPhone: '', website: '', color: '' },
};

/** The form's fields as typed; `prefix` `was.`: as they stood when the form was shown. */
export function typedValues(form: Form, prefix = ''): Values {
  const entries = FIELDS.map(({ field }) => [field, form.text(prefix + field)]);
  return Object.fromEntries(entries) as Values;
}

/** Only what differs from how the form was shown: what was not touched is nobody's wish. */
export function touched(typed: Values, was: Values): TypedPartner {
  return Object.fromEntries(
    Object.entries(typed).filter(([f, text]) => text !== was[f as FormField]),
  );
}

/** A file that was chosen before the form came back with a fault. */
export function keptLogo(form: Form): Uint8Array | null {
  const text = form.text('logoKept');
  return text === '' ? null : new Uint8Array(Buffer.from(text, 'base64'));
}

export type TypedLogo = {
  /** Absent: not touched. Null: taken away. */
  readonly logo?: Logo | null;
  readonly fault: string | null;
  readonly warnings: readonly string[];
};

/** What the form says of the logo. */
export function typedLogo(form: Form): TypedLogo {
  if (form.text('logoGone') !== '') return { logo: null, fault: null, warnings: [] };
  const bytes = form.file('logo')?.bytes ?? keptLogo(form);
  if (!bytes) return { fault: null, warnings: [] };
  const read = readLogo(bytes);
  if ('fault' in read) return { fault: read.fault, warnings: [] };
  return { logo: read.logo, fault: null, warnings: read.warnings };
}

/** The fields as the template shows them. `theirs`: what somebody else saved meanwhile. */
export function fieldViews(shown: {
  readonly values: Values;
  readonly was: Values;
  readonly faults?: ReadPartner['faults'];
  readonly theirs?: Readonly<Partial<Record<FormField, string>>>;
}) {
  const { values, was, faults = {}, theirs = {} } = shown;
  return FIELDS.map(({ field, label, help, type, autocomplete }) => ({
    ...{ field, label, type, autocomplete },
    help: help && typeset(help),
    value: values[field],
    was: was[field],
    fault: faults[field] ?? null,
    theirs: theirsView(theirs[field], values[field]),
    isRequired: field === 'name',
    // The browser's own rules are others than ours, and say so in its own words.
    describedBy: describedBy(field, help, faults[field], theirs[field]),
  }));
}

/** What somebody else saved of the field; taken over where this person had not touched it. */
function theirsView(theirs: string | undefined, shown: string) {
  return theirs === undefined ? null : { value: theirs || 'rien', isTaken: theirs === shown };
}

function describedBy(
  field: string,
  help: string | null,
  fault: string | undefined,
  theirs: string | undefined,
): string | null {
  const ids = [
    ...(fault === undefined ? [] : [`${field}-fault`]),
    ...(theirs === undefined ? [] : [`${field}-theirs`]),
    ...(help === null ? [] : [`${field}-help`]),
  ];
  return ids.length === 0 ? null : ids.join(' ');
}
