/** What `demo: true` adds below the user's answers: one program, one vhost, one seed, one setting. */
export const demo = {
  programs: {
    web: {
      cmd: 'python3 app/server.py',
      env: { APP_CONFIG: '/etc/makina-projects/{name}/app.json', DATA_DIR: '{data_root}/data', PORT: '8000' },
    },
  },
  vhosts: {
    localhost: { default_server: true, locations: { '/': { proxy_pass: 'http://127.0.0.1:8000' } } },
  },
  seeds: { welcome: { source: 'app/welcome.txt', target: 'data/welcome.txt' } },
  app: { greeting: 'It works' },
};
