"""Envoy's configuration with TLS on both sides, made from the one description of the data plane, and the files by which
Envoy finds its certificates."""

import re
from dataclasses import dataclass

from faults import Unfit

CHAIN = re.compile(r"^      filter_chains:\n        - filters:\n", re.MULTILINE)
ADMIN = re.compile(r"^admin:\n", re.MULTILINE)
CLUSTER = re.compile(r"^    - name: app-server-headless\n      lb_policy: ROUND_ROBIN\n", re.MULTILINE)
# The name in the servers' certificates, by which Envoy knows that it talks to one of them.
SERVERS = "app-server-headless"
# Where the Secrets are mounted in Envoy's pod: one for each side, with the authority of whoever is there.
CALLERS_FOLDER, SERVERS_FOLDER = "/etc/ticketing/callers", "/etc/ticketing/servers"
CERTIFICATE_FOR_CALLERS, AUTHORITY_OF_CALLERS = "certificate-for-callers", "authority-of-callers"
CERTIFICATE_FOR_SERVERS, AUTHORITY_OF_SERVERS = "certificate-for-servers", "authority-of-servers"


@dataclass(frozen=True)
class Callers:
    """What callers have to show: a certificate, or nothing of TLS, where something else says who they are."""

    have_certificates: bool = True


def envoy_file(text, callers=Callers()):
    """TLS where callers connect, and towards the servers, the health checks among it."""
    chain, cluster = CHAIN.search(text), CLUSTER.findall(text)
    if not chain or "    - name: grpc\n" not in text[: chain.start()] or "- name: telemetry" in text[: chain.start()] or len(cluster) != 1:
        raise Unfit(
            "envoy.yaml does not begin with the listener grpc and one filter chain, or has not one cluster app-server-headless: "
            "tools/manifests/tls.py adds TLS to these, change it with the file"
        )
    downstream = "      filter_chains:\n" + DOWNSTREAM_HEAD + (REQUIRED if callers.have_certificates else "") + DOWNSTREAM
    downstream += (AUTHORITY if callers.have_certificates else "") + "          filters:\n"
    text = text[: chain.start()] + downstream + text[chain.end() :]
    return ADMIN.sub(lambda match: NODE + match[0], text.replace(cluster[0], cluster[0] + UPSTREAM), count=1)


def secret_files(callers=Callers()):
    """Each file of the secret discovery service, by its name beside envoy.yaml; none where it is not needed."""
    of_callers = authority(AUTHORITY_OF_CALLERS, CALLERS_FOLDER) if callers.have_certificates else None
    return {
        f"{CERTIFICATE_FOR_CALLERS}.yaml": certificate(CERTIFICATE_FOR_CALLERS, CALLERS_FOLDER),
        f"{AUTHORITY_OF_CALLERS}.yaml": of_callers,
        f"{CERTIFICATE_FOR_SERVERS}.yaml": certificate(CERTIFICATE_FOR_SERVERS, SERVERS_FOLDER),
        f"{AUTHORITY_OF_SERVERS}.yaml": authority(AUTHORITY_OF_SERVERS, SERVERS_FOLDER),
    }


def certificate(name, folder):
    return (
        "resources:\n"
        '  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret\n'
        f"    name: {name}\n"
        "    tls_certificate:\n"
        f"      certificate_chain: {{ filename: {folder}/tls.crt }}\n"
        f"      private_key: {{ filename: {folder}/tls.key }}\n"
        f"{watched(folder, 'both')}"
    )


def authority(name, folder):
    return (
        "resources:\n"
        '  - "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret\n'
        f"    name: {name}\n"
        "    validation_context:\n"
        f"      trusted_ca: {{ filename: {folder}/ca.crt }}\n"
        f"{watched(folder, 'it')}"
    )


def watched(folder, what):
    return (
        f"      # Kubernetes renews a Secret by moving the link ..data in here: then {what} is read again.\n"
        f"      watched_directory: {{ path: {folder} }}\n"
    )


def source(name, indent):
    lines = [
        f"name: {name}",
        "sds_config:",
        "  resource_api_version: V3",
        f"  path_config_source: {{ path: /etc/envoy/{name}.yaml, watched_directory: {{ path: /etc/envoy }} }}",
    ]
    return "\n".join(" " * indent + line for line in lines).lstrip() + "\n"


NODE = """\
# Envoy asks for certificates by name and says who asks, even where it only reads files.
node: { id: envoy, cluster: ticketing }

"""
DOWNSTREAM_HEAD = """\
        # A handshake that does not get on ends: the caller holds one of the connections that are let in.
        - transport_socket_connect_timeout: 5s
          transport_socket:
            name: envoy.transport_sockets.tls
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
"""
REQUIRED = """\
              # Who has no certificate of the callers' authority does not get as far as HTTP.
              require_client_certificate: true
"""
DOWNSTREAM = f"""\
              # A session that is taken up again shows no certificate, so that one that has expired since would do. Callers
              # keep their connection: a whole handshake for each costs nothing that counts.
              disable_stateless_session_resumption: true
              disable_stateful_session_resumption: true
              common_tls_context:
                tls_params: {{ tls_minimum_protocol_version: TLSv1_2 }}
                # gRPC refuses a connection on which HTTP/2 was not agreed.
                alpn_protocols: [h2]
                # Files name the certificates, and are watched: a renewed certificate is for new connections, and those
                # that are there stay.
                tls_certificate_sds_secret_configs:
                  - {source(CERTIFICATE_FOR_CALLERS, 20)}"""
AUTHORITY = f"""\
                validation_context_sds_secret_config:
                  {source(AUTHORITY_OF_CALLERS, 18)}"""
UPSTREAM = f"""\
      # Health checks go this way too: whoever cannot show a server's certificate gets no calls.
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          sni: {SERVERS}
          # As for callers: no session is taken up again without a look at the server's certificate.
          max_session_keys: 0
          common_tls_context:
            # Towards servers Envoy ends at 1.2 by itself.
            tls_params: {{ tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3 }}
            alpn_protocols: [h2]
            # Envoy's own name for the servers, which refuse everybody else.
            tls_certificate_sds_secret_configs:
              - {source(CERTIFICATE_FOR_SERVERS, 16)}\
            combined_validation_context:
              # The authority alone would let every pod that has a certificate stand in for a server.
              default_validation_context:
                match_typed_subject_alt_names:
                  - {{ san_type: DNS, matcher: {{ exact: {SERVERS} }} }}
              validation_context_sds_secret_config:
                {source(AUTHORITY_OF_SERVERS, 16)}"""
