/** The metrics of a container: off, inside alone, and for a Prometheus elsewhere. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { LABEL, waitForPage, withContainer } from '../docker.mjs';
import { lazyProject } from '../project.mjs';

const NAME = 'e2emetrics';
const PROGRAMS = { web: { cmd: 'python3 -m http.server 8000 --bind 127.0.0.1' } };
const RUN = ['--publish', '127.0.0.1::9100', '--health-interval', '1s'];
/** Prints what /metrics answers in the container. */
const ASK = `import json, urllib.request
print(json.dumps(urllib.request.urlopen("http://127.0.0.1:9100/metrics").read().decode()))`;
/** The memory of each process that serves metrics, in KB. Its own command line has no such word. */
const FOUND = `import glob, json
names = {path: open(path + "/cmdline").read() for path in glob.glob("/proc/[0-9]*")}
own = [path for path in names if "runtime/" "metrics" in names[path]]
print(json.dumps([int(line.split()[1]) for path in own for line in open(path + "/status") if line.startswith("VmRSS")]))`;
const write = (settings) => [
  'python3',
  '-c',
  'import sys; open(sys.argv[1], "w").write(sys.argv[2])',
  `/srv/projects/${NAME}/data/configuration/pillar.sls`,
  JSON.stringify({ [`makina-projects.${NAME}`]: { data: settings } }),
];

export async function metricsSteps(context) {
  const { step, docker, signal } = context;
  const project = lazyProject(context, NAME, { demo: false, programs: PROGRAMS });
  const inContainer = async (use) => withContainer(context, (await project()).image, { run: RUN }, use);

  await step('metrics: off, then inside alone, then for others, then off', () =>
    inContainer(async (container) => {
      await container.healthy();
      const published = (await docker(['port', container.id, '9100/tcp'])).stdout.split('\n')[0];
      const { stdout: address } = await docker([
        'inspect',
        '--format',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        container.id,
      ]);
      /** Asks through the published port, and from another container. */
      const outside = async () => {
        const program = `import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=3).read().decode())`;
        const url = `http://${address.trim()}:9100/metrics`;
        const run = ['run', '--rm', '--label', LABEL, '--entrypoint', 'python3', (await project()).image];
        return Promise.allSettled([
          waitForPage(`http://${published}/metrics`, 2, signal),
          docker([...run, '-c', program, url]).then(({ stdout }) => stdout),
        ]);
      };
      const closed = async () => {
        const answers = await outside();
        assert.deepEqual(
          answers.map(({ status }) => status),
          ['rejected', 'rejected'],
        );
        assert.match(answers[0].reason.message, /is not served/);
        assert.match(answers[1].reason.message, /Connection refused/);
      };
      const reconfigure = async (settings) => {
        await container.exec(...write(settings));
        await container.exec('makina', 'reconfigure');
      };
      assert.deepEqual(await container.python(FOUND), []);
      await closed();

      await reconfigure({ metrics: 9100 });
      await sleep(1500);
      const text = await container.python(ASK);
      assert.match(text, /^makina_up 1\.0$/m);
      assert.match(text, /^makina_program_up\{program="web"\} 1\.0$/m);
      assert.match(text, /^nginx_up 1\.0$/m);
      await closed();
      const [memory] = await container.python(FOUND);
      assert(memory < 40_000, `${memory} KB`);

      await reconfigure({ metrics: 9100, metrics_address: '0.0.0.0' });
      await sleep(1500);
      for (const { value, reason } of await outside()) assert.match(value ?? String(reason), /^makina_up 1\.0$/m);

      await reconfigure({});
      assert.deepEqual(await container.python(FOUND), []);
      await closed();
      assert.equal((await container.stop()).code, 0);
      return `${Math.round(memory / 1000)} MB when on`;
    }),
  );
}
