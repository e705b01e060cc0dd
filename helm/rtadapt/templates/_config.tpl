{{- /* The settings that follow from the values, laid under `config`, which wins. As YAML. */ -}}
{{- define "rtadapt.settings" -}}
{{- $log := dict
      "url" (printf "kafka://%s" (join "," .Values.eventLog.brokers))
      "topic" .Values.eventLog.topic
      "dead_letter_topic" .Values.eventLog.deadLetterTopic
      "partitions" .Values.eventLog.partitions
      "replication" .Values.eventLog.replication
      "tls" .Values.eventLog.tls.enabled -}}
{{- if .Values.eventLog.tls.ca.name -}}{{- $_ := set $log "ca_file" "/etc/rtadapt/kafka-ca/ca.crt" -}}{{- end -}}
{{- if .Values.eventLog.tls.client.name -}}
{{- $_ := set $log "cert_file" "/etc/rtadapt/kafka-client/tls.crt" -}}
{{- $_ := set $log "key_file" "/etc/rtadapt/kafka-client/tls.key" -}}
{{- end -}}
{{- if .Values.eventLog.sasl.mechanism -}}
{{- if eq .Values.eventLog.sasl.mechanism "OAUTHBEARER" -}}
{{- $_ := set $log "token_url" (required "eventLog.sasl.tokenUrl is needed with OAUTHBEARER" .Values.eventLog.sasl.tokenUrl) -}}
{{- if .Values.eventLog.sasl.tokenScope -}}{{- $_ := set $log "token_scope" .Values.eventLog.sasl.tokenScope -}}{{- end -}}
{{- end -}}
{{- $_ := set $log "sasl_mechanism" .Values.eventLog.sasl.mechanism -}}
{{- $_ := set $log "username" (required "eventLog.sasl.username is needed with a mechanism" .Values.eventLog.sasl.username) -}}
{{- $_ := set $log "password_file" "/etc/rtadapt/kafka-password/password" -}}
{{- end -}}
{{- $registry := dict "cluster" .Values.registry.cluster -}}
{{- if .Values.registry.ca.name -}}{{- $_ := set $registry "ca_file" "/etc/rtadapt/registry-ca/ca.crt" -}}{{- end -}}
{{- if not .Values.registry.urlSecret.name -}}
{{- if regexMatch "@|[?&]password=" (.Values.registry.url | default "") -}}
{{- fail "registry.url would put its password into a ConfigMap: put the whole URL into a Secret and name it in registry.urlSecret" -}}
{{- end -}}
{{- $_ := set $registry "url" (required "registry.url, or registry.urlSecret, is needed" .Values.registry.url) -}}
{{- end -}}
{{- $artifacts := dict "url" (.Values.artifacts.url | default "artifacts") -}}
{{- if .Values.artifacts.signingKeys.name -}}{{- $_ := set $artifacts "signing_key_file" "/etc/rtadapt/signing-keys/keys" -}}{{- end -}}
{{- $serve := dict "host" "0.0.0.0" "port" 8000 "drain_seconds" 120 "vllm_args" .Values.serve.vllmArgs -}}
{{- $settings := dict
      "model" .Values.model
      "data_dir" "/var/lib/rtadapt"
      "event_log" $log
      "registry" $registry
      "artifacts" $artifacts
      "serve" $serve
      "api" (dict "host" "0.0.0.0" "port" 8001)
      "work" (dict "metrics_host" "0.0.0.0" "metrics_port" 8002) -}}
{{- if .Values.apiKeys.name -}}{{- $_ := set $settings "keys_file" "/etc/rtadapt/api-keys/keys" -}}{{- end -}}
{{- mergeOverwrite $settings (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{- /* The same as TOML. Each value goes through JSON, whose numbers, texts, booleans and lists TOML reads as they are. */ -}}
{{- define "rtadapt.toml" -}}
{{- $settings := include "rtadapt.settings" . | fromYaml -}}
{{- range $name, $value := $settings }}
{{- if not (or (kindIs "map" $value) (kindIs "invalid" $value)) }}
{{ $name }} = {{ toRawJson $value }}
{{- end }}
{{- end }}
{{- range $name, $value := $settings }}
{{- if kindIs "map" $value }}

[{{ $name }}]
{{- range $field, $inner := $value }}
{{- if not (kindIs "invalid" $inner) }}
{{ $field }} = {{ toRawJson $inner }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* Environment that comes from Secrets; it wins over the file. */ -}}
{{- define "rtadapt.environment" -}}
{{- if .Values.registry.urlSecret.name }}
- name: RTADAPT_REGISTRY__URL
  valueFrom:
    secretKeyRef: {name: {{ .Values.registry.urlSecret.name }}, key: {{ required "registry.urlSecret.key is needed" .Values.registry.urlSecret.key }}}
{{- end }}
{{- end -}}

{{- /* Environment of the pods that hold a model and touch artifacts. */ -}}
{{- define "rtadapt.engineEnvironment" -}}
{{- include "rtadapt.environment" . }}
{{- if .Values.huggingfaceToken.name }}
- name: HF_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ .Values.huggingfaceToken.name }}, key: {{ required "huggingfaceToken.key is needed" .Values.huggingfaceToken.key }}}
{{- end }}
{{- if .Values.registry.trustedKeys.name }}
- {name: RTADAPT_REGISTRY__TRUSTED_KEYS_FILE, value: /etc/rtadapt/trusted-keys/keys.pem}
{{- end }}
{{- end -}}

{{- /* Environment of the workers: they alone can sign. */ -}}
{{- define "rtadapt.workEnvironment" -}}
{{- include "rtadapt.engineEnvironment" . }}
{{- if .Values.registry.signingKey.name }}
- {name: RTADAPT_REGISTRY__SIGNING_KEY_FILE, value: /etc/rtadapt/registry-signing-key/key.pem}
{{- end }}
{{- end -}}

{{- define "rtadapt.credentials" -}}
{{- with .Values.artifacts.credentials }}
envFrom:
  {{- range . }}
  - secretRef: {name: {{ . }}}
  {{- end }}
{{- end }}
{{- end -}}

{{- /* Files that every pod has: settings and keys. The rest of the file system is read-only. */ -}}
{{- define "rtadapt.volumes" -}}
- name: config
  configMap: {name: {{ include "rtadapt.fullname" . }}}
- name: tmp
  emptyDir: {}
{{- if .Values.apiKeys.name }}
- name: api-keys
  secret:
    secretName: {{ .Values.apiKeys.name }}
    items: [{key: {{ required "apiKeys.key is needed" .Values.apiKeys.key }}, path: keys}]
{{- end }}
{{- if .Values.eventLog.tls.ca.name }}
- name: kafka-ca
  secret:
    secretName: {{ .Values.eventLog.tls.ca.name }}
    items: [{key: {{ required "eventLog.tls.ca.key is needed" .Values.eventLog.tls.ca.key }}, path: ca.crt}]
{{- end }}
{{- if .Values.eventLog.tls.client.name }}
- name: kafka-client
  secret:
    secretName: {{ .Values.eventLog.tls.client.name }}
    items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]
{{- end }}
{{- if .Values.registry.ca.name }}
- name: registry-ca
  secret:
    secretName: {{ .Values.registry.ca.name }}
    items: [{key: {{ required "registry.ca.key is needed" .Values.registry.ca.key }}, path: ca.crt}]
{{- end }}
{{- if .Values.eventLog.sasl.mechanism }}
- name: kafka-password
  secret:
    secretName: {{ required "eventLog.sasl.password.name is needed" .Values.eventLog.sasl.password.name }}
    items: [{key: {{ required "eventLog.sasl.password.key is needed" .Values.eventLog.sasl.password.key }}, path: password}]
{{- end }}
{{- end -}}

{{- define "rtadapt.mounts" -}}
- {name: config, mountPath: /etc/rtadapt/rtadapt.toml, subPath: rtadapt.toml, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if .Values.apiKeys.name }}
- {name: api-keys, mountPath: /etc/rtadapt/api-keys, readOnly: true}
{{- end }}
{{- if .Values.eventLog.tls.ca.name }}
- {name: kafka-ca, mountPath: /etc/rtadapt/kafka-ca, readOnly: true}
{{- end }}
{{- if .Values.eventLog.tls.client.name }}
- {name: kafka-client, mountPath: /etc/rtadapt/kafka-client, readOnly: true}
{{- end }}
{{- if .Values.registry.ca.name }}
- {name: registry-ca, mountPath: /etc/rtadapt/registry-ca, readOnly: true}
{{- end }}
{{- if .Values.eventLog.sasl.mechanism }}
- {name: kafka-password, mountPath: /etc/rtadapt/kafka-password, readOnly: true}
{{- end }}
{{- end -}}

{{- /* Volumes of the pods that hold a model. Takes (list $ .Values.serve). */ -}}
{{- define "rtadapt.engineVolumes" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
{{ include "rtadapt.volumes" $root }}
- name: data
  emptyDir: {}
- name: home
  emptyDir: {}
- name: models
  {{- if $part.modelCache.existingClaim }}
  persistentVolumeClaim: {claimName: {{ $part.modelCache.existingClaim }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ $part.modelCache.size }}}
  {{- end }}
{{- if not $root.Values.artifacts.url }}
- name: artifacts
  persistentVolumeClaim: {claimName: {{ $root.Values.artifacts.volume.existingClaim | default (printf "%s-artifacts" (include "rtadapt.fullname" $root)) }}}
{{- end }}
{{- if $root.Values.artifacts.signingKeys.name }}
- name: signing-keys
  secret:
    secretName: {{ $root.Values.artifacts.signingKeys.name }}
    items: [{key: {{ required "artifacts.signingKeys.key is needed" $root.Values.artifacts.signingKeys.key }}, path: keys}]
{{- end }}
{{- if $root.Values.registry.trustedKeys.name }}
- name: trusted-keys
  secret:
    secretName: {{ $root.Values.registry.trustedKeys.name }}
    items: [{key: {{ required "registry.trustedKeys.key is needed" $root.Values.registry.trustedKeys.key }}, path: keys.pem}]
{{- end }}
{{- with $part.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Takes (list $ .Values.serve readOnlyArtifacts). */ -}}
{{- define "rtadapt.engineMounts" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
{{ include "rtadapt.mounts" $root }}
- {name: data, mountPath: /var/lib/rtadapt}
- {name: home, mountPath: /home/rtadapt}
- {name: models, mountPath: /home/rtadapt/huggingface}
{{- if not $root.Values.artifacts.url }}
- {name: artifacts, mountPath: /var/lib/rtadapt/artifacts, readOnly: {{ index . 2 }}}
{{- end }}
{{- if $root.Values.artifacts.signingKeys.name }}
- {name: signing-keys, mountPath: /etc/rtadapt/signing-keys, readOnly: true}
{{- end }}
{{- if $root.Values.registry.trustedKeys.name }}
- {name: trusted-keys, mountPath: /etc/rtadapt/trusted-keys, readOnly: true}
{{- end }}
{{- with $part.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* Where a part's pods may run. Takes (list $ "serve" .Values.serve). */ -}}
{{- define "rtadapt.placement" -}}
{{- $part := index . 2 -}}
{{- with $part.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $part.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $part.affinity }}
affinity: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $part.topologySpreadConstraints }}
topologySpreadConstraints: {{ toYaml . | nindent 2 }}
{{- else }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{ include "rtadapt.selector" (list (index . 0) (index . 1)) | nindent 8 }}
{{- end }}
{{- with $part.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $part.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with $part.podSpec }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* How replicas of serve are replaced; refuses what an API server would refuse. */ -}}
{{- define "rtadapt.strategy" -}}
{{- $strategy := .Values.serve.updateStrategy -}}
{{- if eq ($strategy.type | default "RollingUpdate") "Recreate" -}}
type: Recreate
{{- else -}}
{{- $rolling := $strategy.rollingUpdate | default dict -}}
{{- $surge := ternary $rolling.maxSurge 1 (not (kindIs "invalid" $rolling.maxSurge)) -}}
{{- $away := ternary $rolling.maxUnavailable 0 (not (kindIs "invalid" $rolling.maxUnavailable)) -}}
{{- if and (has (toString $surge) (list "0" "0%")) (has (toString $away) (list "0" "0%")) -}}
{{- fail "serve.updateStrategy.rollingUpdate: maxSurge and maxUnavailable cannot both be 0" -}}
{{- end -}}
type: RollingUpdate
rollingUpdate: {maxSurge: {{ toJson $surge }}, maxUnavailable: {{ toJson $away }}}
{{- end -}}
{{- end -}}
