/** What engines and builds print, and the sentence for it; the first one that fits counts. */
const KNOWN: readonly [pattern: RegExp, sentence: string][] = [
  [
    /permission denied.*(sock|daemon)|(sock|daemon).*permission denied/is,
    'you have no access to its socket; add yourself to its group, `sudo usermod -aG docker "$USER"`, and log in again',
  ],
  [
    /cannot connect|is the docker daemon running|error during connect|connection refused.*sock/i,
    'its engine does not run; start it, `sudo systemctl start docker` for example, or set DOCKER_HOST',
  ],
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

/**
 * One sentence for what an engine could not do.
 * @param what it was, for the beginning of the sentence: `docker build failed`
 * @param output the last that it printed
 */
export function sentenceOf(what: string, output: string): string {
  const [, known] = KNOWN.find(([pattern]) => pattern.test(output)) ?? [];
  const last = output.trim().split('\n').at(-1) ?? '';
  return `${what}: ${known ?? `${last.replace(/[.;:]?$/, '')}; its output has more`}`;
}
