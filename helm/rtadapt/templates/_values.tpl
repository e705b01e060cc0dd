{{- /* What a value means that was set to null: the parts that the templates cannot do without. A test holds it to values.yaml. */ -}}
{{- define "rtadapt.missing" -}}
model: smollm2
huggingfaceToken: {}
eventLog:
  brokers: [kafka:9092]
  topic: rtadapt.events
  deadLetterTopic: rtadapt.dead-letters
  partitions: 16
  replication: 3
  tls: {enabled: false, ca: {}, client: {}}
  sasl: {mechanism: "", username: "", password: {}, tokenUrl: "", tokenScope: ""}
registry: {url: "redis://redis:6379/0", urlSecret: {}, cluster: false, ca: {}, signingKey: {}, trustedKeys: {}}
artifacts:
  url: ""
  credentials: []
  signingKeys: {}
  volume: {existingClaim: "", accessModes: [ReadWriteMany], storageClassName: "", size: 20Gi}
apiKeys: {}
config: {}
serve:
  replicas: 2
  image: {repository: rtadapt-serve, tag: "", digest: "", pullPolicy: IfNotPresent}
  resources: {}
  vllmArgs: []
  copiesSize: 1Gi
  sharedMemorySize: 1Gi
  modelCache: {existingClaim: "", size: 30Gi}
  preStopSeconds: 8
  startSeconds: 900
  updateStrategy: {}
  podDisruptionBudget: {enabled: true}
  autoscaling: {enabled: false, minReplicas: 2, maxReplicas: 8, metrics: [], behavior: {}}
  keda: {enabled: false, minReplicas: 1, maxReplicas: 8, triggers: []}
  service: {type: ClusterIP, port: 8000, nodePort: 0, annotations: {}, spec: {}}
  podSpec: {}
work:
  replicas: 1
  image: {repository: rtadapt-work, tag: "", digest: "", pullPolicy: IfNotPresent}
  resources: {}
  modelCache: {existingClaim: "", size: 30Gi}
  startSeconds: 900
  terminationSeconds: 60
  podDisruptionBudget: {enabled: false}
  keda: {enabled: false, minReplicas: 1, maxReplicas: 8, triggers: []}
  podSpec: {}
api:
  replicas: 2
  image: {repository: rtadapt-api, tag: "", digest: "", pullPolicy: IfNotPresent}
  resources: {}
  podDisruptionBudget: {enabled: true}
  autoscaling: {enabled: false, minReplicas: 2, maxReplicas: 8, metrics: [], behavior: {}}
  service: {type: ClusterIP, port: 8001, nodePort: 0, annotations: {}, spec: {}}
  podSpec: {}
imageRegistry: ""
commonLabels: {}
extraObjects: []
serviceAccount: {create: true, name: "", annotations: {}}
ingress: {enabled: false, className: "", annotations: {}, host: "", tlsSecret: ""}
httpRoute: {enabled: false, parentRefs: [], hostnames: [], annotations: {}}
monitoring:
  podMonitor: {enabled: false, interval: 15s, labels: {}}
  serviceMonitor: {enabled: false, interval: 15s, labels: {}}
  rules: {enabled: false, labels: {}, runbooks: docs/operations.md, alertLabels: {}, waitSeconds: 120, backlogEvents: 500}
  dashboards: {enabled: false, labels: {}}
networkPolicy: {enabled: false, completions: [], control: [], metrics: []}
podSecurityContext: {}
securityContext: {}
test:
  image: {repository: rtadapt-api, tag: "", digest: "", pullPolicy: IfNotPresent}
{{- end -}}

{{- /* Puts into .Values what is missing there, and takes nulls out of what is passed on. Every template that reads values begins with it; doing it twice changes nothing. */ -}}
{{- define "rtadapt.whole" -}}
{{- include "rtadapt.lay" (list .Values (include "rtadapt.missing" . | fromYaml)) -}}
{{- range $part := list "config" "podSecurityContext" "securityContext" -}}
  {{- include "rtadapt.prune" (index $.Values $part) -}}
{{- end -}}
{{- end -}}

{{- /* Takes nulls out of a map, and maps that are empty. */ -}}
{{- define "rtadapt.prune" -}}
{{- $values := . -}}
{{- range $name, $value := deepCopy . -}}
  {{- if kindIs "map" $value -}}{{- include "rtadapt.prune" (index $values $name) -}}{{- end -}}
  {{- if or (kindIs "invalid" $value) (and (kindIs "map" $value) (not (index $values $name))) -}}
    {{- $_ := unset $values $name -}}
  {{- end -}}
{{- end -}}
{{- end -}}

{{- define "rtadapt.lay" -}}
{{- $values := index . 0 -}}
{{- range $name, $value := index . 1 -}}
  {{- if kindIs "invalid" (index $values $name) -}}
    {{- $_ := set $values $name $value -}}
  {{- else if and (kindIs "map" $value) (kindIs "map" (index $values $name)) -}}
    {{- include "rtadapt.lay" (list (index $values $name) $value) -}}
  {{- end -}}
{{- end -}}
{{- end -}}
