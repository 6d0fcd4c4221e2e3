{{- define "baileys-cleanup.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "baileys-cleanup.labels" -}}
app.kubernetes.io/name: baileys-cleanup
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "baileys-cleanup.selector" -}}
app.kubernetes.io/name: baileys-cleanup
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "baileys-cleanup.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What every pod has: nobody special, no token, and no variables of services (one called baileys-cleanup would look
like a setting). */}}
{{- define "baileys-cleanup.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
  {{- if eq .Values.shape "sidecar" }}
  # Once, for a new disk: at each start it would open the tool's own folder to the group, and the tool refuses that.
  fsGroup: {{ .Values.sessions.fsGroup }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What every container of ours has, but for its arguments. */}}
{{- define "baileys-cleanup.container" -}}
image: {{ include "baileys-cleanup.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: TZ
    value: {{ .Values.timeZone | quote }}
  - name: BAILEYS_CLEANUP_CONFIG
    value: /etc/baileys-cleanup/settings.toml
  {{- if ne .Values.shape "database" }}
  - name: BAILEYS_CLEANUP_SESSIONS_ROOT
    value: {{ .Values.sessions.mountPath | quote }}
  {{- end }}
{{- with .Values.secretName }}
envFrom:
  - secretRef:
      name: {{ . | quote }}
{{- end }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  {{- if ne .Values.shape "database" }}
  {{- include "baileys-cleanup.sessionsMount" . | nindent 2 }}
  {{- end }}
  - name: settings
    mountPath: /etc/baileys-cleanup
    readOnly: true
  - name: tmp
    mountPath: /tmp
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "baileys-cleanup.sessionsMount" -}}
- name: sessions
  mountPath: {{ .Values.sessions.mountPath | quote }}
  {{- with .Values.sessions.subPath }}
  subPath: {{ . | quote }}
  {{- end }}
{{- end -}}

{{- define "baileys-cleanup.volumes" -}}
{{- if eq .Values.shape "shared" }}
- name: sessions
  persistentVolumeClaim:
    claimName: {{ .Values.sessions.claimName | quote }}
{{- end }}
- name: settings
  configMap:
    name: {{ include "baileys-cleanup.name" . }}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The port and the sign of life of a monitor. No readiness and no startup probe: nothing here may keep a bot from its
work. */}}
{{- define "baileys-cleanup.listening" -}}
ports:
  - name: metrics
    containerPort: 9108
livenessProbe:
  httpGet:
    path: /healthz
    port: metrics
  initialDelaySeconds: 120
  periodSeconds: 60
  timeoutSeconds: 10
  failureThreshold: 10
{{- end -}}

{{- define "baileys-cleanup.annotations" -}}
checksum/settings: {{ .Values.settings | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}
