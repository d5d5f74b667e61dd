"""Who may do what, decided by Envoy: the filters that are put before the router, off by default."""

import re

import tls
from faults import Unfit

FILTERS = re.compile(r"^                http_filters:\n", re.MULTILINE)
# In the access log: the codes of gRPC that are worth a line, and the last field of one.
CODES = re.compile(r"^( +)(statuses: \[.*DATA_LOSS)\]\n", re.MULTILINE)
FIELDS = re.compile(r'^( +)caller: "%DOWNSTREAM_REMOTE_ADDRESS%"\n', re.MULTILINE)
# Anything else, a method that is added later too, is refused until it is listed here.
READS = (
    "/ticketing.CustomerController/GetCustomer",
    "/ticketing.CustomerController/ListCustomers",
    "/grpc.health.v1.Health/Check",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
)
WRITES = ("/ticketing.CustomerController/CreateCustomer",)
IDENTITY = "spiffe://ticketing/"
ISSUER, AUDIENCE, ROLE = "https://issuer.example", "ticketing", "role"
JWKS_FOLDER, JWKS_FILE = "/etc/ticketing/jwks", "jwks.json"


def by_certificate(text):
    """Each caller is who its certificate says."""
    return refusals_logged(before_router(tls.envoy_file(text), roles(of_certificate)), PEER)


def by_token(text):
    """Each caller is who the token says that it sends with each call; it needs no certificate."""
    return refusals_logged(before_router(tls.envoy_file(text, TOKENS), JWT + roles(of_token)), SUBJECT)


TOKENS = tls.Callers(have_certificates=False)


def before_router(text, filters):
    places = FILTERS.findall(text)
    # The first is the listener grpc's, the second the telemetry's.
    if len(places) != 2:
        raise Unfit(f"envoy.yaml has {len(places)} lists http_filters, tools/manifests/authorization.py knows 2: change it with the file")
    return FILTERS.sub(lambda match: match[0] + filters, text, count=1)


def refusals_logged(text, identity):
    """Who tries what it may not is to be found, and any other line says who called too."""
    places = [len(pattern.findall(text)) for pattern in (CODES, FIELDS)]
    if places != [1, 1]:
        raise Unfit(
            f"envoy.yaml has {places[0]} lists of codes and {places[1]} last fields of its access log, "
            "tools/manifests/authorization.py knows 1 of each: change it with the file"
        )
    text = CODES.sub(r"\1# And what callers may not: somebody has to learn of it.\n\1\2, PERMISSION_DENIED, UNAUTHENTICATED]\n", text)
    return FIELDS.sub(lambda match: match[0] + match[1] + identity, text)


def roles(principal):
    return f"""\
                  # What no policy allows is refused with PERMISSION_DENIED.
                  - name: envoy.filters.http.rbac
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC
                      rules:
                        action: ALLOW
                        policies:
                          reads:
                            permissions:
{paths(READS)}\
                            principals:
{principal("reader")}\
{principal("writer")}\
                          writes:
                            permissions:
{paths(WRITES)}\
                            principals:
{principal("writer")}"""


def paths(methods):
    return "".join(f"                              - url_path: {{ path: {{ exact: {method} }} }}\n" for method in methods)


def of_certificate(role):
    """The URI alone: where the type is left open, a name of another type in the certificate would do."""
    return f"""\
                              - custom:
                                  name: envoy.rbac.principals.mtls_authenticated
                                  typed_config:
                                    "@type": type.googleapis.com/envoy.extensions.rbac.principals.mtls_authenticated.v3.Config
                                    san_matcher: {{ san_type: URI, matcher: {{ exact: "{IDENTITY}{role}" }} }}
"""


def of_token(role):
    return f"""\
                              - sourced_metadata:
                                  metadata_matcher:
                                    filter: envoy.filters.http.jwt_authn
                                    path: [{{ key: token }}, {{ key: {ROLE} }}]
                                    value: {{ string_match: {{ exact: {role} }} }}
"""


# By this the filter decides.
PEER = 'peer: "%DOWNSTREAM_PEER_URI_SAN%"\n'
# Only of a token that holds: a claim of any other is not known to be true. The token itself is in no log.
SUBJECT = 'subject: "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:token:sub):256%"\n'

JWT = f"""\
                  # A call without a good token is refused with UNAUTHENTICATED. The servers do not see the token.
                  - name: envoy.filters.http.jwt_authn
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
                      providers:
                        issuer:
                          issuer: {ISSUER}
                          # A token that was meant for another service is none for this one.
                          audiences: [{AUDIENCE}]
                          # One that never ends could never be taken back.
                          require_expiration: true
                          # By default the query of the path is looked into as well, which ends up in logs.
                          from_headers: [{{ name: authorization, value_prefix: "Bearer " }}]
                          local_jwks:
                            filename: {JWKS_FOLDER}/{JWKS_FILE}
                            # New keys come without a restart, as certificates do.
                            watched_directory: {{ path: {JWKS_FOLDER} }}
                          payload_in_metadata: token
                      rules:
                        - match: {{ prefix: / }}
                          requires: {{ provider_name: issuer }}
"""
