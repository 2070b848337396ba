"""What a complete image of the model must come to: said once more, and not with the templates' own words."""
import hashlib
import re
import shlex

SIZES = ("client_max_body_size", "keepalive_timeout", "client_header_timeout", "client_body_timeout", "send_timeout",
         "proxy_connect_timeout", "proxy_read_timeout", "proxy_send_timeout", "expires",
         *(f"{kind}_{what}_timeout" for kind in ("fastcgi", "uwsgi") for what in ("connect", "read", "send")))  # fmt: skip
SWITCHES = ("proxy_buffering", "proxy_request_buffering", "fastcgi_buffering", "uwsgi_buffering", "autoindex", "gzip", "chunked_transfer_encoding")
OWN_HEADERS = {"X-Content-Type-Options": "$content_type_options", "Referrer-Policy": "$referrer_policy"}
INTERPOLATED = {"name": "demo", "user": "demo-user", "group": "demo-grp", "project_root": "/srv/projects/demo/project",
                "data_root": "/srv/projects/demo/data"}  # fmt: skip


def interpolated(value):
    """The value with the {key} of mc_project replaced that the samples have."""
    if isinstance(value, dict):
        return {key: interpolated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"\{(%s)\}" % "|".join(INTERPOLATED), lambda found: INTERPOLATED[found[1]], value)
    return value


def numbered(text, wid, port):
    """The text with the process's own number and port, as the model's description says."""
    text = text.replace("$(circus.wid)", str(wid))
    return text if port is None else text.replace("$(circus.port)", str(port + wid - 1))


def argv(line, args, wid, port):
    return [numbered(word, wid, port) for word in shlex.split(line) + args]


def environment(entry, app_value, home, container, wid):
    """The whole environment of a command. app_value: what a source of env_from stands for, None if that is not there."""
    port = entry.get("port")
    found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    if entry.get("copy_env"):
        found.update(container)
    found.update(HOME=home, USER=entry["user"])
    if port is not None:
        found["PORT"] = str(port + wid - 1)
    declared = {**{key: value for key, path in entry["env_from"].items() if (value := app_value(path)) is not None}, **entry["env"]}
    return {**found, **{key: numbered(value, wid, port) for key, value in declared.items()}}


def directive(name, *args, block=None):
    return (name, tuple(args), block)


def common(place, vhost, raw, zone=""):
    """What a vhost and a location both take. raw: parses nginx text."""
    found = [directive(key, place[key]) for key in SIZES if key in place]
    found += [directive(key, "on" if place[key] else "off") for key in SWITCHES if key in place]
    found += [directive("gzip_types", *place["gzip_types"])] if place.get("gzip_types") else []
    found += [directive("root", place["root"])] if "root" in place else []
    found += [directive("index", *place["index"])] if place.get("index") else []
    found += [directive("try_files", *place["try_files"])] if place.get("try_files") else []
    found += [directive("limit_conn", "mc_clients", str(place["limit_conn"] or 65535))] if "limit_conn" in place else []
    if "limit_req" in place:
        found.append(directive("limit_req", "zone=mc_" + hashlib.sha256(zone.encode()).hexdigest(), *place["limit_req"].split(" ")[1:]))
    found += [directive(key, address) for key in ("allow", "deny") for address in place.get(key, [])]
    if "auth_basic" in place:
        title = place["auth_basic"]
        found.append(directive("auth_basic", title.replace("\\", "\\\\").replace('"', '\\"')))
    elif "auth_basic_users" in place and vhost.get("auth_basic", "off") == "off":
        found.append(directive("auth_basic", "Restricted"))
    if "auth_basic_users" in place:
        found.append(directive("auth_basic_user_file", tuple(sorted(place["auth_basic_users"].items()))))
    found += [directive("error_page", *codes.split(), *page.split()) for codes, page in place.get("error_page", {}).items()]
    if place.get("add_header"):
        found += [directive("add_header", *header, "always") for header in [*OWN_HEADERS.items(), *place["add_header"].items()]]
    return found + raw(place.get("raw", ""))


HIDDEN = directive("location", "~", r"/\.(?!well-known/)", block=(directive("try_files", "/dev/null/-", "=404"),))
HIDDEN_IN_NAMED = directive("if", "$uri", "~", r"/\.(?!well-known/)", block=(directive("return", "404"),))
RULES = ("auth_basic", "auth_basic_users", "allow", "deny", "limit_conn", "limit_req")
NOTHING = directive("try_files", "/dev/null/-", "=404")


def listen(port, *flags):
    """On IPv4, and on IPv6 where the start finds it."""
    name = "-".join(["listen", str(port), *(flag.replace("_server", "") for flag in flags)])
    return [directive("listen", str(port), *flags), directive("include", "/run/mc_launcher/nginx/%s.con[f]" % name)]


def passed(place, where, backend):
    """proxy_pass; by a variable if the host is a name, and what nginx does not do by itself then."""
    scheme, host, port, path = re.fullmatch(r"(https?)://([^:/]*)(:[0-9]+)?(.*)", place["proxy_pass"]).groups(default="")
    if not backend(host) or path.startswith(":"):
        return [directive("proxy_pass", place["proxy_pass"])]
    pattern = where.rpartition(" ")[2]
    found = [directive("proxy_pass", "%s://%s%s" % (scheme, backend(host), port))]
    if path:
        found.append(directive("rewrite", "(?s)^%s(.*)" % re.sub(r"[.+]", r"\\\g<0>", pattern), path + "$1", "break"))
    found.append(directive("proxy_redirect", "%s://%s%s%s" % (scheme, host, port, path or "/"), pattern if path else "/"))
    return found + ([directive("proxy_ssl_name", host)] if scheme == "https" else [])


class Client:
    """What the client used, as nginx or a proxy that is trusted says."""

    def __init__(self, trusted):
        self.trusted = trusted
        self.scheme, self.host, self.name = ("$mc_scheme", "$mc_host", "$mc_name") if trusted else ("$scheme", "$http_host", "$host")

    def passed(self):
        return {"Host": self.host, "X-Real-IP": "$remote_addr", "X-Forwarded-For": "$remote_addr",
                "X-Forwarded-Host": self.host, "X-Forwarded-Proto": self.scheme, "Connection": ""}  # fmt: skip

    def parameters(self):
        found = {"HTTP_" + name.upper().replace("-", "_"): (value,) for name, value in self.passed().items() if name.startswith("X-")}
        more = {"HTTP_HOST": (self.host,), "REQUEST_SCHEME": (self.scheme,), "HTTPS": ("$mc_https", "if_not_empty")}
        return {**found, **(more if self.trusted else {})}

    def redirect(self, text):
        text = text.replace("$scheme://", self.scheme + "://")
        return re.sub(r"://\$(http_host|host(?![^\W]))", lambda found: "://" + (self.host if found[1] == "http_host" else self.name), text)

    def rewrites(self, place):
        found = []
        for line in place.get("rewrite", []):
            regex, target, *flag = line.split(" ")
            if self.trusted and target.startswith("$scheme://") and flag != ["permanent"]:
                flag = ["redirect"]
            found.append(directive("rewrite", regex, self.redirect(target), *flag))
        return found


def has_rule(directives):
    return any(name.startswith(("auth_", "access_by")) or name in ("allow", "deny", "limit_except", "include") for name, _, _ in directives)


def location(key, where, place, vhost, raw, number, raw_http, backend, client):
    """The blocks of one location: two if what it answers has to wait for a rule of access."""
    found = common(place, vhost, raw, f"{key} {where}") + client.rewrites(place)
    found += [directive("internal")] if place.get("internal") else []
    found += passed(place, where, backend) if "proxy_pass" in place else []
    given = place.get("proxy_set_header", {})
    if given or place.get("websocket"):
        usual = {**client.passed(), **({"Upgrade": "$http_upgrade", "Connection": "$connection_upgrade"} if place.get("websocket") else {})}
        lower = {name.lower() for name in given}
        usual = {name: value for name, value in usual.items() if name.lower() not in lower}
        found += [directive("proxy_set_header", *header) for header in [*usual.items(), *given.items()]]
    if "alias" in place:
        folder = place["alias"].rstrip("/")
        found.append(directive("alias", folder + ("/" if where.endswith("/") or not folder else "")))
    for kind in ("fastcgi", "uwsgi"):
        parameters = place.get(kind + "_param", {})
        if kind + "_pass" in place or parameters:
            found.append(directive("include", "/etc/nginx/%s_params" % kind))
            if kind == "fastcgi" and "SCRIPT_FILENAME" not in parameters:
                found.append(directive("fastcgi_param", "SCRIPT_FILENAME", "$document_root$fastcgi_script_name"))
            found += [directive(kind + "_param", name, *words) for name, words in client.parameters().items() if name not in parameters]
            found += [directive(kind + "_param", *parameter) for parameter in parameters.items()]
        host, colon, port = place.get(kind + "_pass", "").rpartition(":")
        server = backend(host) + colon + port if host and backend(host) else place.get(kind + "_pass")
        found += [directive(kind + "_pass", server)] if server else []
    handled = any(key in place for key in ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "return"))
    if ("root" in place or "alias" in place or ("root" in vhost and not handled)) and where[0] != "=":
        found.append(HIDDEN_IN_NAMED if where[0] == "@" else HIDDEN)
    modifier, _, pattern = where.rpartition(" ")
    if modifier in ("", "^~") and where[0] != "@" and not where.endswith("/"):
        if "alias" in place:
            found.append(directive("location", "~", "^%s[^/]" % re.sub(r"[.+]", r"\\\g<0>", pattern), block=(NOTHING,)))
        elif place.get("proxy_pass", "").endswith("/"):
            found.append(directive("location", "~", r"^%s\.\.(/|$)" % re.sub(r"[.+]", r"\\\g<0>", pattern), block=(NOTHING,)))
    answers = []
    if "return" in place:
        code, *text = place["return"].split(" ", 1)
        answer = directive("return", code, *map(client.redirect, text))
        if any(key in one for key in RULES for one in (place, vhost)) or has_rule(raw(raw_http + vhost.get("raw", "") + place.get("raw", ""))):
            name = "@-answer%d" % number
            found.append(directive("try_files", "/dev/null/-", name))
            rest = common({key: value for key, value in place.items() if key not in RULES}, vhost, raw)
            answers = [directive("location", name, block=in_any_order([*rest, answer]))]
        else:
            found.append(answer)
    return [directive("location", *([modifier] if modifier else []), pattern, block=in_any_order(found)), *answers]


def in_any_order(directives):
    return tuple(sorted(directives, key=repr))


def servers(key, vhost, has_certificate, raw, raw_http, backend, client):
    """The server blocks of one vhost, in their order. has_certificate: of its paths, whether they are there."""
    domain = vhost.get("domain") or key
    redirected = vhost["aliases"] if vhost["redirect_aliases"] else []
    names = [domain] + ([] if vhost["redirect_aliases"] else vhost["aliases"])
    default = ["default_server"] if vhost["default_server"] else []
    certificate = [vhost.get("ssl_cert"), vhost.get("ssl_key")] if "ssl_cert" in vhost else [vhost.get("ssl_certificate"), vhost.get("ssl_certificate_key")]
    secure = "ssl_cert" in vhost or ("ssl_certificate" in vhost and has_certificate(vhost["ssl_certificate"]))
    blocks = []

    def secured(*more):
        pair = [directive("ssl_certificate", certificate[0]), directive("ssl_certificate_key", certificate[1])]
        return [*listen(vhost["ssl_listen"], "ssl", *more), *pair] if secure else []

    if redirected:
        target = "//%s$client_port$request_uri" % domain
        blocks.append([*listen(vhost["listen"]), *secured(), directive("server_name", *redirected), directive("return", "301", target)])
    number = vhost.get("ssl_redirect_port", vhost["ssl_listen"] if secure else 443)
    port = "" if number == 443 else ":%d" % number
    redirects = secure and vhost.get("ssl_redirect", True) and not client.trusted
    if redirects:
        blocks.append([*listen(vhost["listen"], *default), directive("server_name", *names), directive("return", "301", "https://$host%s$request_uri" % port)])
    main = [] if redirects else listen(vhost["listen"], *default)
    main += [*secured(*default), directive("server_name", *names), *common(vhost, vhost, raw, key + " "), *client.rewrites(vhost)]
    if client.trusted:
        main.append(directive("set", "$mc_seen", "$mc_scheme $mc_host $mc_name"))
    if client.trusted and vhost.get("ssl_redirect", secure):
        answer = directive("return", "301", "https://$mc_name%s$request_uri" % port)
        main.append(directive("if", "$mc_scheme" if secure else "$mc_forwarded_scheme", "=", "http", block=(answer,)))
    for number, (where, place) in enumerate(vhost["locations"].items(), 1):
        main += location(key, where, place, vhost, raw, number, raw_http, backend, client)
    if "root" in vhost and not {"/", "^~ /"} & set(vhost["locations"]):
        main.append(directive("location", "/", block=(HIDDEN,)))
    return [directive("server", block=in_any_order(block)) for block in [*blocks, main]]


def upstream(name, settings, programs):
    found = [] if settings["method"] == "round_robin" else [directive(settings["method"])]
    found += [directive("server", *server.split()) for server in settings["servers"]]
    program = programs.get(settings.get("program"))
    if program:
        numbers = range(1, program["numprocesses"] + 1)
        addresses = ["unix:" + program["socket"].replace("$(circus.wid)", str(number)) for number in numbers] if "socket" in program else []
        addresses += ["127.0.0.1:%d" % (program["port"] + number - 1) for number in numbers] if "port" in program else []
        found += [directive("server", address, "max_fails=0") for address in addresses]
    found += [directive("keepalive", str(settings["keepalive"]))] if settings["keepalive"] else []
    return directive("upstream", name, block=tuple(found))
