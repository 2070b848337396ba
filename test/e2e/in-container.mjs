/** Python programs that run inside a container. */

/** Prints `{"files": how many, "acls": [paths with an ACL]}` of everything in the image. */
export const LISTED_ACLS = `
import json, os
files, acls = 0, []
for folder, folders, names in os.walk('/'):
    if folder == '/':
        folders[:] = [name for name in folders if name not in ('proc', 'sys', 'dev')]
    for path in [folder] + [os.path.join(folder, name) for name in names]:
        files += 1
        if any('posix_acl' in name for name in os.listxattr(path, follow_symlinks=False)):
            acls.append(path)
print(json.dumps({'files': files, 'acls': acls}))
`;

/** Serves its own arguments, its environment and the application's configuration as JSON. */
export const DUMP_SERVER = `
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with open(os.environ['APP_CONFIG'], encoding='utf-8') as config:
            answer = {'args': sys.argv[1:], 'env': dict(os.environ), 'app': json.load(config)}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(('127.0.0.1', 8000), Handler).serve_forever()
`;
