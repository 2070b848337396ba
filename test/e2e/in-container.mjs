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

/** Prints every process as `[{"pid", "parent", "state", "command"}]`. */
export const PROCESSES = `
import json, os
found = []
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        with open('/proc/%s/stat' % pid) as stat, open('/proc/%s/cmdline' % pid) as cmdline:
            state, parent = stat.read().rpartition(')')[2].split()[:2]
            command = cmdline.read().replace('\\0', ' ').strip()
    except OSError:
        continue
    if int(pid) != os.getpid():
        found.append({'pid': int(pid), 'parent': int(parent), 'state': state, 'command': command})
print(json.dumps(sorted(found, key=lambda process: process['pid'])))
`;

/** Kills the process of a number, then prints how many seconds pass until the page of a URL is served by another one. */
export const KILLED = `
import os, sys, time, urllib.request
pid, url = int(sys.argv[1]), sys.argv[2]
os.kill(pid, 9)
start = time.monotonic()
while time.monotonic() < start + 20:
    try:
        if urllib.request.urlopen(url, timeout=1).status == 200:
            break
    except OSError:
        time.sleep(0.005)
print(time.monotonic() - start)
`;

/** Prints the body of a page, waiting for it. */
export const PAGE = `
import json, sys, time, urllib.request
end = time.monotonic() + float(sys.argv[2])
while True:
    try:
        body = urllib.request.urlopen(sys.argv[1], timeout=2).read().decode()
        break
    except OSError as error:
        if time.monotonic() > end:
            sys.exit('%s is not served: %s' % (sys.argv[1], error))
        time.sleep(0.05)
print(json.dumps(body))
`;

/**
 * The application of the supervision cases. `/` answers at once, `/slow` after 3 s, `/orphans` once 1,000 orphans were made,
 * `/loud?SECONDS` at once, and then prints 10,000 numbered lines of 100 bytes a second.
 */
export const CASE_SERVER = `
import os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def make_orphans(count):
    parent = os.fork()
    if parent == 0:
        for _ in range(count):
            if os.fork() == 0:
                time.sleep(0.2)
                os._exit(0)
        os._exit(0)
    os.waitpid(parent, 0)

def print_lines(seconds):
    # nginx writes to the same pipe. The kernel keeps a write of at most 4096 bytes whole: one line, and not a block of them.
    sys.stdout.reconfigure(line_buffering=True)
    start = time.monotonic()
    for number in range(seconds * 10000):
        if number % 1000 == 0:
            time.sleep(max(0, start + number / 10000 - time.monotonic()))
        sys.stdout.write('loud %08d %s\\n' % (number, 'x' * 85))

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path, _, query = self.path.partition('?')
        if path == '/slow':
            time.sleep(3)
        elif path == '/orphans':
            make_orphans(1000)
        elif path == '/loud':
            threading.Thread(target=print_lines, args=(int(query),)).start()
        body = ('served %s' % path).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(('127.0.0.1', 8000), Handler).serve_forever()
`;

/** A program with two children and two grandchildren of each, which all ignore TERM. */
export const FAMILY = `
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0:
        for _ in range(2):
            if os.fork() == 0:
                break
        break
else:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
while True:
    time.sleep(100)
`;

/** Prints each regular file that holds a text and can be read, as `[{"path", "mode"}]`. */
export const FOUND = `
import json, os, stat, sys
wanted = sys.argv[1].encode()
found = []
for folder, folders, names in os.walk('/'):
    if folder == '/':
        folders[:] = [name for name in folders if name not in ('proc', 'sys', 'dev')]
    for name in names:
        path = os.path.join(folder, name)
        try:
            state = os.lstat(path)
            if stat.S_ISREG(state.st_mode):
                with open(path, 'rb') as file:
                    if wanted in file.read():
                        found.append({'path': path, 'mode': '%04o' % stat.S_IMODE(state.st_mode)})
        except OSError:
            pass
print(json.dumps(found))
`;

/** The same of all layers of an image, whose `docker save` comes on standard input. */
export const FOUND_IN_LAYERS = `
import json, sys, tarfile
wanted = sys.argv[1].encode()
found = []
with tarfile.open(fileobj=sys.stdin.buffer, mode='r|') as image:
    for part in image:
        if not part.name.endswith('.tar') and not part.name.startswith('blobs/'):
            continue
        try:
            layer = tarfile.open(fileobj=image.extractfile(part), mode='r|*')
        except (tarfile.TarError, AttributeError):
            continue
        for member in layer:
            if member.isfile() and wanted in layer.extractfile(member).read():
                found.append({'path': '/' + member.name, 'mode': '%04o' % (member.mode & 0o7777)})
print(json.dumps(found))
`;

/** Prints when each path below a folder was changed last, as `{path: nanoseconds}`. */
export const CHANGE_TIMES = `
import json, os, sys
times = {}
for folder, folders, names in os.walk(sys.argv[1]):
    for path in [folder] + [os.path.join(folder, name) for name in names]:
        times[path] = os.lstat(path).st_mtime_ns
print(json.dumps(times, sort_keys=True))
`;

/** A program that takes a second to stop. */
export const SLOW_STOP = `
import signal, sys, time
def stop(*_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
while True:
    time.sleep(100)
`;
