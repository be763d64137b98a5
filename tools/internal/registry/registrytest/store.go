package registrytest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/rules-strata/rules_strata/tools/internal/oci"
	"github.com/rules-strata/rules_strata/tools/internal/oci/content"
	"github.com/rules-strata/rules_strata/tools/internal/oci/digest"
)

type repository struct {
	blobs     map[digest.Digest][]byte
	manifests map[digest.Digest]manifest
	tags      map[string]digest.Digest
	uploads   map[string][]byte
}

type manifest struct {
	mediaType string
	data      []byte
}

// repository returns a repository, and creates it on first use. The caller holds the lock.
func (r *Registry) repository(name string) *repository {
	if r.repositories[name] == nil {
		r.repositories[name] = &repository{
			make(map[digest.Digest][]byte), make(map[digest.Digest]manifest),
			make(map[string]digest.Digest), make(map[string][]byte),
		}
	}
	return r.repositories[name]
}

func (repo *repository) add(version, mediaType string, data []byte) digest.Digest {
	d := digest.FromBytes(data)
	repo.manifests[d] = manifest{mediaType, data}
	if _, err := digest.Parse(version); err != nil {
		repo.tags[version] = d
	}
	return d
}

func (r *Registry) serveBlob(w http.ResponseWriter, req *http.Request, name string, d digest.Digest) {
	r.mu.Lock()
	data, found := r.repository(name).blobs[d]
	r.mu.Unlock()
	if !found {
		refuse(w, http.StatusNotFound, "BLOB_UNKNOWN", "blob unknown to registry")
		return
	}
	w.Header().Set("Docker-Content-Digest", d.String())
	serveRange(w, req, data)
}

// serveRange sends data, or only the end of it if the request has a range.
func serveRange(w http.ResponseWriter, req *http.Request, data []byte) {
	var from int
	status := http.StatusOK
	if n, _ := fmt.Sscanf(req.Header.Get("Range"), "bytes=%d-", &from); n == 1 && from <= len(data) {
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
	w.WriteHeader(status)
	w.Write(data[from:])
}

// serveUpload opens an upload or mounts a blob (POST), reports the progress of an upload (GET), or takes a part (PATCH)
// or the last part with the digest (PUT).
func (r *Registry) serveUpload(w http.ResponseWriter, req *http.Request, name, id string) {
	if req.Method == http.MethodPost {
		r.openUpload(w, req, name)
		return
	}
	data, whole := readBody(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received += int64(len(data))
	repo := r.repository(name)
	sofar, known := repo.uploads[id]
	if !known {
		refuse(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
		return
	}
	var from int
	if n, _ := fmt.Sscanf(req.Header.Get("Content-Range"), "%d-", &from); n == 1 && from != len(sofar) {
		refuse(w, http.StatusRequestedRangeNotSatisfiable, "RANGE_INVALID", "invalid content range")
		return
	}
	repo.uploads[id] = append(sofar, data...) // Keep the part of a broken request that arrived, as real registries do.
	switch {
	case !whole:
	case req.Method == http.MethodGet:
		repo.reportUpload(w, name, id, http.StatusNoContent)
	case req.Method == http.MethodPatch:
		repo.reportUpload(w, name, id, http.StatusAccepted)
	default:
		repo.commit(w, id, req.URL.Query())
	}
}

func (r *Registry) openUpload(w http.ResponseWriter, req *http.Request, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	repo, query := r.repository(name), req.URL.Query()
	if d := digest.Digest(query.Get("mount")); d != "" {
		if data, found := r.repository(query.Get("from")).blobs[d]; found {
			repo.blobs[d] = data
			w.Header().Set("Docker-Content-Digest", d.String())
			w.WriteHeader(http.StatusCreated)
			return
		}
	}
	r.uploads++
	id := strconv.Itoa(r.uploads)
	repo.uploads[id] = nil
	repo.reportUpload(w, name, id, http.StatusAccepted)
}

// reportUpload answers with the address for the upload's next request and the range that has arrived. Like real
// registries it also reports "0-0" for an empty upload.
func (repo *repository) reportUpload(w http.ResponseWriter, name, id string, status int) {
	w.Header().Set("Location", fmt.Sprintf("/v2/%s/blobs/uploads/%s?state=%s", name, id, id))
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(len(repo.uploads[id])-1, 0)))
	w.WriteHeader(status)
}

// commit turns an upload into a blob.
func (repo *repository) commit(w http.ResponseWriter, id string, query url.Values) {
	stored, want := repo.uploads[id], digest.Digest(query.Get("digest"))
	delete(repo.uploads, id)
	if got := digest.FromBytes(stored); got != want || query.Get("state") != id {
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
		return
	}
	repo.blobs[want] = stored
	w.Header().Set("Docker-Content-Digest", want.String())
	w.WriteHeader(http.StatusCreated)
}

func (r *Registry) serveManifest(w http.ResponseWriter, req *http.Request, name, version string) {
	data, whole := readBody(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.repository(name)
	if req.Method == http.MethodPut {
		if whole {
			repo.putManifest(w, version, req.Header.Get("Content-Type"), data, r.Referrers)
		}
		return
	}
	d, tagged := repo.tags[version]
	if !tagged {
		d = digest.Digest(version)
	}
	m, found := repo.manifests[d]
	if !found {
		refuse(w, http.StatusNotFound, "MANIFEST_UNKNOWN", "manifest unknown")
		return
	}
	w.Header().Set("Docker-Content-Digest", d.String())
	w.Header().Set("Content-Type", m.mediaType)
	serveRange(w, req, m.data)
}

// putManifest stores a manifest if everything that it refers to is stored.
func (repo *repository) putManifest(
	w http.ResponseWriter, version, mediaType string, data []byte, referrers Referrers,
) {
	if d, err := digest.Parse(version); err == nil && d != digest.FromBytes(data) {
		refuse(w, http.StatusBadRequest, "DIGEST_INVALID", "provided digest did not match uploaded content")
		return
	}
	children, err := content.Children(mediaType, data)
	if err != nil {
		refuse(w, http.StatusBadRequest, "MANIFEST_INVALID", "manifest invalid")
		return
	}
	for _, child := range children {
		_, isManifest := repo.manifests[child.Digest]
		_, isBlob := repo.blobs[child.Digest]
		wantManifest := oci.IsDocument(child.MediaType)
		if wantManifest && !isManifest || !wantManifest && !isBlob && len(child.URLs) == 0 {
			refuse(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "blob unknown: "+child.Digest.String())
			return
		}
	}
	if !repo.noteSubject(w, data, referrers) {
		return
	}
	w.Header().Set("Docker-Content-Digest", repo.add(version, mediaType, data).String())
	w.WriteHeader(http.StatusCreated)
}
