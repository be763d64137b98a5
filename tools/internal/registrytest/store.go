package registrytest

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/rules-strata/rules_strata/tools/internal/content"
	"github.com/rules-strata/rules_strata/tools/internal/digest"
	"github.com/rules-strata/rules_strata/tools/internal/oci"
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

// repository returns a repository, which comes to be when it is first asked for. The caller holds the lock.
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

// serveRange sends data, or the end of it where the request asks for that.
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

// serveUpload opens an upload (POST), takes a part (PATCH) or the last part with the digest (PUT).
func (r *Registry) serveUpload(w http.ResponseWriter, req *http.Request, name, id string) {
	data, whole := readBody(req)
	r.mu.Lock()
	defer r.mu.Unlock()
	repo := r.repository(name)
	if req.Method == http.MethodPost {
		r.uploads++
		id = strconv.Itoa(r.uploads)
		repo.uploads[id] = nil
	}
	sofar, known := repo.uploads[id]
	if !known {
		refuse(w, http.StatusNotFound, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
		return
	}
	repo.uploads[id] = append(sofar, data...) // What arrives of a broken request is kept, as real registries do.
	if !whole {
		return
	}
	if req.Method != http.MethodPut {
		w.Header().Set("Location", fmt.Sprintf("/v2/%s/blobs/uploads/%s?state=%s", name, id, id))
		w.WriteHeader(http.StatusAccepted)
		return
	}
	stored, want := repo.uploads[id], digest.Digest(req.URL.Query().Get("digest"))
	delete(repo.uploads, id)
	if got := digest.FromBytes(stored); got != want || req.URL.Query().Get("state") != id {
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
			repo.putManifest(w, version, req.Header.Get("Content-Type"), data)
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

// putManifest stores a manifest if all that it refers to is there.
func (repo *repository) putManifest(w http.ResponseWriter, version, mediaType string, data []byte) {
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
		wantManifest := oci.IsIndex(child.MediaType) || oci.IsManifest(child.MediaType)
		if wantManifest && !isManifest || !wantManifest && !isBlob && len(child.URLs) == 0 {
			refuse(w, http.StatusBadRequest, "MANIFEST_BLOB_UNKNOWN", "blob unknown: "+child.Digest.String())
			return
		}
	}
	w.Header().Set("Docker-Content-Digest", repo.add(version, mediaType, data).String())
	w.WriteHeader(http.StatusCreated)
}
