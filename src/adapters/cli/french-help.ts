// Commander in French: the titles of its help, and its complaints about a command line, which it
// words in English and offers no way to translate. A complaint we do not know stays as it is.

import { type Argument, Command, type Option } from 'commander';
import { fr, typeset } from './layout.ts';

const TITLES: Readonly<Record<string, string>> = {
  'Usage:': fr`Usage :`,
  'Arguments:': fr`Arguments :`,
  'Options:': fr`Options :`,
  'Global Options:': fr`Options communes :`,
  'Commands:': fr`Commandes :`,
};

/** A root command whose help, and that of everything under it, is in French. */
export function frenchCommand(name: string, version: string): Command {
  return new Command(name)
    .usage('<commande> [options]')
    .helpOption('-h, --help', 'affiche cette aide')
    .helpCommand(false)
    .version(version, '-V, --version', 'affiche la version')
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (title: string) => TITLES[title] ?? title,
      optionDescription,
      commandDescription: (command: Command) => typeset(command.description()),
      argumentDescription: (argument: Argument) => typeset(argument.description),
      subcommandDescription: (command: Command) => typeset(command.description()),
      subcommandTerm,
    })
    .exitOverride();
}

function optionDescription(option: Option): string {
  const { description, argChoices, defaultValue } = option;
  const notes = [
    ...(argChoices ? [argChoices.join(', ')] : []),
    ...(typeof defaultValue === 'number' ? [fr`${defaultValue} par défaut`] : []),
  ];
  return typeset(notes.length === 0 ? description : `${description} (${notes.join(' ; ')})`);
}

// « list » instead of « list [options] »: every command has options.
function subcommandTerm(command: Command): string {
  const args = command.registeredArguments.map((it) =>
    it.variadic ? `<${it.name()}>…` : `<${it.name()}>`,
  );
  return [command.name(), ...args].join(' ');
}

const FAULTS: readonly (readonly [RegExp, (...found: string[]) => string])[] = [
  [/^unknown command '(.*?)'/, (name) => fr`Commande inconnue : ${name}.`],
  [/^unknown option '(.*?)'/, (flag) => fr`Option inconnue : ${flag}.`],
  [/^missing required argument '(.*?)'/, (name) => fr`Il manque <${name}>.`],
  [/^required option '(.*?)' not specified/, (flags) => fr`L’option ${flags} est obligatoire.`],
  [/^option '(.*?)' argument missing/, (flags) => fr`L’option ${flags} attend une valeur.`],
  [
    /^option '(.*?)' argument '(.*?)' is invalid\. Allowed choices are (.*)\.$/,
    (flags, value, choices) => fr`L’option ${flags} refuse « ${value} » ; au choix : ${choices}.`,
  ],
  [
    /^option '(.*?)' argument '(.*?)' is invalid\. ?(.*)$/,
    (flags, value, why) => fr`L’option ${flags} refuse « ${value} » : ${why}`,
  ],
  [
    /^command-argument value '(.*?)' is invalid for argument '(.*?)'\. Allowed choices are (.*)\.$/,
    (value, name, choices) => fr`<${name}> refuse « ${value} » ; au choix : ${choices}.`,
  ],
  [
    /^command-argument value '(.*?)' is invalid for argument '(.*?)'\. ?(.*)$/,
    (value, name, why) => fr`<${name}> refuse « ${value} » : ${why}`,
  ],
  [/^too many arguments.*: (.*)\.$/, (words) => fr`Argument de trop : ${words}.`],
];

/** Commander's complaint as one French sentence, with its suggestion if it has one. */
export function frenchUsageFault(complaint: string): string {
  const [english = '', hint = ''] = complaint.replace(/^error: /, '').split('\n');
  const meant = /^\(Did you mean (?:one of )?(.*?)\?\)$/.exec(hint)?.[1];
  const suggestion = meant === undefined ? '' : fr` Vouliez-vous dire ${meant} ?`;
  for (const [pattern, sentence] of FAULTS) {
    const found = pattern.exec(english);
    if (found) return sentence(...found.slice(1)) + suggestion;
  }
  return english + suggestion;
}
