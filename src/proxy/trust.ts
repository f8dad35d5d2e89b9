/** Whose certificates are believed: those that Node and the system bring along, and those that the user names. */
import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import type { Environment } from './corporateProxy.ts';
import type { ServerAddress } from './serverAddress.ts';

/** Files of certificates in PEM format that programs of all kinds are given. */
const VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'] as const;

/** Node 22.15 and later. */
type CertificateStores = { getCACertificates?: (store: 'default' | 'system') => string[] };

export class Trust {
  readonly #env: Environment;
  readonly #caFile: string | null;
  #context: tls.SecureContext | undefined;
  #stage: 'unread' | 'named' | 'all' = 'unread';
  /** Files that could not be used. */
  #problems: string[] = [];

  /** @param caFile path of a file with certificates of authorities, in PEM format, or null */
  constructor(env: Environment, caFile: string | null) {
    this.#env = env;
    this.#caFile = caFile;
  }

  /** What connections are made with: undefined for Node's own defaults. @throws for a `caFile` that cannot be read */
  context(): tls.SecureContext | undefined {
    if (this.#stage === 'unread') {
      const named = this.#named();
      if (named.length > 0) this.#context = tls.createSecureContext({ ca: [...defaults(), ...named] });
      this.#stage = 'named';
    }
    return this.#context;
  }

  /**
   * Adds the system's authorities, which takes a quarter of a second to read and is done for servers alone that nobody else vouches for.
   * @param tried what a connection was made with
   * @returns whether there is more now than was tried
   */
  widen(tried: tls.SecureContext | undefined): boolean {
    const { getCACertificates } = tls as CertificateStores;
    if (this.#stage === 'named' && getCACertificates !== undefined) {
      this.#stage = 'all';
      this.#context = tls.createSecureContext({ ca: [...new Set([...defaults(), ...getCACertificates('system'), ...this.#named()])] });
    }
    return this.#context !== tried;
  }

  #named(): string[] {
    this.#problems = [];
    const named = VARIABLES.flatMap((variable) => {
      const path = this.#env[variable];
      if (!path) return [];
      try {
        return certificates(path);
      } catch (error) {
        this.#problems.push(`${variable} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      }
    });
    return this.#caFile === null ? named : [...named, ...certificates(this.#caFile)];
  }

  /** What a failed connection by TLS means, and what to do; null for what has nothing to do with certificates. */
  explain(error: NodeJS.ErrnoException, { host, port }: Pick<ServerAddress, 'host' | 'port'>): string | null {
    const code = error.code ?? '';
    const problems = this.#problems.map((problem) => ` (${problem})`).join('');
    if (isUnknownAuthority(error)) return `the certificate of ${host} comes from an authority that is not trusted here (${code}). Name a file with that authority's certificate with --ca-file or in NODE_EXTRA_CA_CERTS${problems}`;
    if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${host} has expired (${code}). Have it renewed, and look at this machine's clock`;
    if (code === 'CERT_NOT_YET_VALID') return `the certificate of ${host} is not valid yet (${code}). Look at this machine's clock`;
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `the certificate is not for ${host} (${code}): ${names(error)}. Use the name that the certificate is for`;
    if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return `what answers at ${host}:${port} speaks no TLS (${code}). Use http:// if it is not encrypted`;
    return null;
  }
}

/** Whether a connection failed because nobody trusted vouches for the server. */
export function isUnknownAuthority(error: NodeJS.ErrnoException): boolean {
  return UNKNOWN_AUTHORITY.has(error.code ?? '');
}

const UNKNOWN_AUTHORITY = new Set(['SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY']);

function names(error: Error): string {
  const certificate = (error as { cert?: { subjectaltname?: string; subject?: { CN?: string } } }).cert;
  const found = certificate?.subjectaltname?.replaceAll(/\b(?:DNS|IP Address):/g, '') ?? certificate?.subject?.CN ?? '';
  return found === '' ? 'it names no host' : `it names ${found.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200)}`;
}

function defaults(): readonly string[] {
  return (tls as CertificateStores).getCACertificates?.('default') ?? tls.rootCertificates;
}

/** @throws when there are none */
function certificates(path: string): string[] {
  const found = readFileSync(path, 'latin1').match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g);
  if (found === null) throw new Error(`${path} holds no certificate in PEM format`);
  return found;
}
