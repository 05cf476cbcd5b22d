// What people do by hand, in the words of the journal. A use case that writes down an action has its words
// here, and a test holds it to that.

const ACTION_WORDS: Readonly<Record<string, string>> = {
  'account-added': 'Compte ajouté',
  'account-disabled': 'Compte désactivé',
  'account-enabled': 'Compte réactivé',
  'account-link-made': 'Lien de mot de passe fait',
  'account-renamed': 'Nom changé',
  'account-role-changed': 'Rôle changé',
  'mail-return-noted': 'Retour d’e-mail vu',
  'notification-retried': 'Notification relancée',
  'partner-added': 'Partenaire ajouté',
  'partner-api-key-set': 'Clé d’API du partenaire changée',
  'partner-changed': 'Partenaire modifié',
  'partner-conformance-tested': 'Partenaire mis à l’épreuve',
  'partner-old-secret-dropped': 'Ancien secret du partenaire retiré',
  'partner-removed': 'Partenaire retiré',
  'partner-secret-rotated': 'Secret du partenaire remplacé',
  'partner-test-called': 'Appel d’essai au partenaire',
  'password-changed': 'Mot de passe changé',
  'payment-dismissed': 'Paiement écarté',
  'payment-retried': 'Paiement relancé',
  'portal-closed': 'Portail fermé',
  'portal-link-made': 'Lien du portail fait',
  'portal-token-made': 'Jeton du portail fait',
  'portal-token-revoked': 'Jeton du portail révoqué',
  'printing-retried': 'Impression relancée',
  'replay-cancelled': 'Rejeu arrêté',
  'replay-paused': 'Rejeu suspendu',
  'replay-resumed': 'Rejeu repris',
  'replay-started': 'Rejeu lancé',
  'second-factor-removed': 'Second facteur retiré',
  'second-factor-set': 'Second facteur activé',
  'secrets-rotated': 'Secrets scellés avec la nouvelle clé',
  'sign-in-refused': 'Connexions refusées',
  'signed-in': 'Connexion',
};

/** The action in words; one that has none stands as it is. */
export function actionWords(action: string): string {
  return ACTION_WORDS[action] ?? action;
}

/** Every action that has words. */
export const KNOWN_ACTIONS: readonly string[] = Object.keys(ACTION_WORDS);
