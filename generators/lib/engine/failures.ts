type Known = readonly [pattern: RegExp, sentence: string][];

/** What an engine prints that cannot be used, and the sentence for it; the first one that fits counts. */
const ACCESS: Known = [
  [
    /permission denied while|(dial|connect)[^\n]*permission denied/i,
    'you have no access to its socket; add yourself to its group, `sudo usermod -aG docker "$USER"`, and log in again',
  ],
  [
    /cannot connect|is the docker daemon running|error during connect|connection refused/i,
    'its engine does not run; start it, `sudo systemctl start docker` for example, or set DOCKER_HOST',
  ],
];

/** The same of a build, or of a start. */
const WORK: Known = [
  [
    /port is already allocated|address already in use|failed to bind (host )?port/i,
    'the port is taken on this host; stop what uses it, or choose another one with --publish PORT',
  ],
  [
    /no space left on device|disk quota exceeded/i,
    'the disk is full; `docker system df` shows what uses it, and `docker system prune` removes what nothing needs',
  ],
  [
    /certificate verify failed|CERTIFICATE_VERIFY_FAILED|certificate signed by unknown authority|SELF_SIGNED_CERT|unable to get local issuer/i,
    'a certificate is not trusted; name the certificate of your authority with --certificate FILE',
  ],
  [
    /temporary failure (in name resolution|resolving)|could not resolve host|network is unreachable|proxy.*(refused|authentication required)/i,
    'the build does not reach the network; set https_proxy and http_proxy if you are behind a proxy',
  ],
];

/** One sentence for an engine that cannot be used. @param output the last that it printed */
export function unusable(engine: string, output: string): string {
  return sentence(`${engine} cannot be used`, output, ACCESS);
}

/** One sentence for what an engine could not do. @param what `docker build` @param output the last that it printed */
export function failed(what: string, output: string): string {
  return sentence(`${what} failed`, output, WORK);
}

function sentence(what: string, output: string, known: Known): string {
  const [, reason] = known.find(([pattern]) => pattern.test(output)) ?? [];
  const last = output.trim().split('\n').at(-1) ?? '';
  return `${what}: ${reason ?? `${last.replace(/[.;:]?$/, '')}; its output has more`}`;
}
