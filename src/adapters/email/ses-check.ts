// Whether SES would take our mail, looked at without sending any and told in French for `doctor`:
// the account, the sender, the configuration set and whether its events come back to us. Each look
// needs a right of its own; one that is missing is said and is no failure, since sending does not
// need it.

import { FIXED } from '#adapters/french.ts';
import { type Ses, type SesClientOptions, sesConnection } from './ses-client.ts';

export type SesFinding = { readonly detail: string; readonly action: string | null };

export type SesCheckOptions = SesClientOptions & {
  readonly from: string;
  /** SES_SNS_TOPIC_ARNS: where events must go for us to hear of them. */
  readonly topicArns: readonly string[];
};

/** Null when all that it looks at is well. */
type Look = (ses: Ses) => Promise<SesFinding | null>;

const SEND = 'ses:SendEmail';

/** Never throws for SES's sake. */
export async function sesCheck(options: SesCheckOptions): Promise<SesFinding> {
  const { region, endpoint } = options.address;
  const where = `SES ${endpoint ?? region}`;
  const connection = sesConnection({ ...options, timeouts: { sendMs: 10_000 } });
  const unseen: string[] = [];
  try {
    const ses = await connection.open();
    const looks: readonly (readonly [right: string, look: Look])[] = [
      ['ses:GetAccount', lookAtAccount],
      ['ses:GetEmailIdentity', (it) => lookAtSender(it, options.from)],
      ['ses:GetConfigurationSetEventDestinations', (it) => lookAtEvents(it, options)],
      [SEND, lookAtSending],
    ];
    for (const [right, look] of looks) {
      const found = await look(ses).catch((error) => faultOf(error, right));
      if (found === 'unseen') unseen.push(right);
      else if (found !== null) return { ...found, detail: `${where}${FIXED}: ${found.detail}` };
    }
    const blind = unseen.length === 0 ? '' : ` (sans droit de voir${FIXED}: ${unseen.join(', ')})`;
    return { detail: `${where} prend nos e-mails${blind}`, action: null };
  } finally {
    await connection.close();
  }
}

async function lookAtAccount({ sdk, client }: Ses): Promise<SesFinding | null> {
  const account = await client.send(new sdk.GetAccountCommand({}));
  if (account.SendingEnabled === false) {
    return {
      detail: 'les envois du compte sont suspendus',
      action: 'Voyez la console de SES (rebonds, plaintes) et répondez à AWS.',
    };
  }
  if (account.ProductionAccessEnabled === false) {
    return {
      detail: 'le compte est en mode d’essai et n’écrit qu’aux adresses vérifiées',
      action: 'Demandez l’accès en production dans la console de SES.',
    };
  }
  const { Max24HourSend = -1, SentLast24Hours = 0 } = account.SendQuota ?? {};
  return Max24HourSend > 0 && SentLast24Hours > Max24HourSend * 0.9
    ? {
        detail: `${SentLast24Hours} e-mails sur ${Max24HourSend} permis en 24 heures`,
        action: 'Demandez un quota plus grand dans la console de SES.',
      }
    : null;
}

// SES knows an address by itself or by its domain; either is enough.
async function lookAtSender({ sdk, client }: Ses, from: string): Promise<SesFinding | null> {
  for (const EmailIdentity of [from.slice(from.lastIndexOf('@') + 1), from]) {
    try {
      const identity = await client.send(new sdk.GetEmailIdentityCommand({ EmailIdentity }));
      if (!identity.VerifiedForSendingStatus) continue;
      return identity.DkimAttributes?.SigningEnabled === false
        ? { detail: `${EmailIdentity} est sans DKIM`, action: 'Activez DKIM dans SES et le DNS.' }
        : null;
    } catch (error) {
      if ((error as Error).name !== 'NotFoundException') throw error;
    }
  }
  return {
    detail: `SES ne connaît ni ${from} ni son domaine`,
    action: 'Vérifiez le domaine de EMAIL_FROM dans la console de SES.',
  };
}

async function lookAtEvents(
  { sdk, client }: Ses,
  { address, topicArns }: SesCheckOptions,
): Promise<SesFinding | null> {
  const ConfigurationSetName = address.configurationSet;
  if (ConfigurationSetName === null) {
    return topicArns.length === 0
      ? null
      : {
          detail: 'aucun configuration-set dans EMAIL_URL',
          action:
            'Ajoutez ?configuration-set=NOM pour que SES raconte ce que deviennent les e-mails.',
        };
  }
  const command = new sdk.GetConfigurationSetEventDestinationsCommand({ ConfigurationSetName });
  const { EventDestinations = [] } = await client.send(command);
  const heard = EventDestinations.some(
    (it) =>
      it.Enabled &&
      topicArns.includes(it.SnsDestination?.TopicArn ?? '') &&
      it.MatchingEventTypes?.includes('BOUNCE') &&
      it.MatchingEventTypes.includes('COMPLAINT'),
  );
  return heard || topicArns.length === 0
    ? null
    : {
        detail: `le configuration-set ${ConfigurationSetName} ne publie pas vers nos sujets SNS`,
        action:
          'Ajoutez-y une destination SNS (BOUNCE, COMPLAINT, DELIVERY, REJECT) qui soit dans ' +
          'SES_SNS_TOPIC_ARNS.',
      };
}

// A mail to nobody: whoever may not send is told so, whoever may is told that nobody is written to.
async function lookAtSending({ sdk, client }: Ses): Promise<SesFinding | null> {
  try {
    await client.send(
      new sdk.SendEmailCommand({ Content: { Raw: { Data: Buffer.from('\r\n') } } }),
    );
    return null;
  } catch (error) {
    if (isDenied(error)) {
      const action = 'Donnez aux clés les droits ses:SendEmail et ses:SendRawEmail.';
      return { detail: 'l’envoi est interdit', action };
    }
    const { name, $metadata } = error as Failure;
    const isComplaintOfUs = /Paused|Suspended|NotVerified/.test(name);
    if ($metadata?.httpStatusCode === 400 && !isComplaintOfUs) return null;
    throw error;
  }
}

type Failure = Error & {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
};

function isDenied(error: unknown): boolean {
  return ['AccessDeniedException', 'AccessDenied'].includes((error as Error).name);
}

function faultOf(error: unknown, right: string): SesFinding | 'unseen' {
  const { name, code, $metadata } = error as Failure;
  if (isDenied(error)) return 'unseen';
  const status = $metadata?.httpStatusCode;
  if (name === 'NotFoundException') {
    const action = 'Créez-le dans SES, ou corrigez EMAIL_URL.';
    return { detail: 'le configuration-set n’existe pas', action };
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    const action = 'Donnez AWS_ACCESS_KEY_ID et AWS_SECRET_ACCESS_KEY, ou un rôle.';
    return { detail: 'aucune clé AWS', action };
  }
  if (status === 401 || status === 403) {
    const action = 'Vérifiez les clés AWS, et l’horloge de cette machine.';
    return { detail: `les clés sont refusées (${name})`, action };
  }
  // A stand-in for SES that does not know how to be looked at is no reason for alarm.
  if ((status === 400 || status === 404) && right !== SEND) return 'unseen';
  const seen = status === undefined ? (code ?? name) : `${name} ${status}`;
  return {
    detail: `pas de réponse à ${right} (${seen})`,
    action: 'Vérifiez le réseau et EMAIL_URL.',
  };
}
