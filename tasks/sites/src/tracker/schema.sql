CREATE TABLE users (
  id INTEGER PRIMARY KEY, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('admin', 'maintainer', 'reporter', 'guest')),
  password TEXT NOT NULL, link_token TEXT NOT NULL, bio TEXT NOT NULL, joined TEXT NOT NULL,
  digest TEXT NOT NULL CHECK (digest IN ('off', 'daily', 'weekly')),
  notify_mentions INTEGER NOT NULL, notify_assigned INTEGER NOT NULL,
  notify_watched INTEGER NOT NULL, notify_own INTEGER NOT NULL
) STRICT;
CREATE TABLE projects (
  id INTEGER PRIMARY KEY, slug TEXT NOT NULL UNIQUE, key TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL
) STRICT;
CREATE TABLE labels (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, hue INTEGER NOT NULL, description TEXT NOT NULL
) STRICT;
CREATE TABLE milestones (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects, title TEXT NOT NULL,
  description TEXT NOT NULL, due TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
  UNIQUE (project_id, title)
) STRICT;
CREATE TABLE issues (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects, number INTEGER NOT NULL,
  title TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  reason TEXT CHECK (reason IN ('completed', 'not planned', 'duplicate')),
  stage TEXT NOT NULL DEFAULT 'backlog' CHECK (stage IN ('backlog', 'in progress', 'in review')),
  priority TEXT NOT NULL DEFAULT 'normal' CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
  author_id INTEGER NOT NULL REFERENCES users, assignee_id INTEGER REFERENCES users,
  milestone_id INTEGER REFERENCES milestones, duplicate_of INTEGER REFERENCES issues,
  locked INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL,
  closed_at TEXT, closed_by INTEGER REFERENCES users,
  UNIQUE (project_id, number)
) STRICT;
CREATE TABLE issue_labels (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues, label_id INTEGER NOT NULL REFERENCES labels,
  UNIQUE (issue_id, label_id)
) STRICT;
CREATE TABLE watches (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues, user_id INTEGER NOT NULL REFERENCES users,
  UNIQUE (issue_id, user_id)
) STRICT;
CREATE TABLE comments (
  id INTEGER PRIMARY KEY, issue_id INTEGER NOT NULL REFERENCES issues, author_id INTEGER NOT NULL REFERENCES users,
  body TEXT NOT NULL, created_at TEXT NOT NULL, edited INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE wiki_pages (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects, slug TEXT NOT NULL, title TEXT NOT NULL,
  body TEXT NOT NULL, UNIQUE (project_id, slug)
) STRICT;
CREATE TABLE wiki_revisions (
  id INTEGER PRIMARY KEY, page_id INTEGER NOT NULL REFERENCES wiki_pages, number INTEGER NOT NULL,
  title TEXT NOT NULL, body TEXT NOT NULL, summary TEXT NOT NULL, author_id INTEGER NOT NULL REFERENCES users,
  at TEXT NOT NULL, UNIQUE (page_id, number)
) STRICT;
CREATE TABLE events (
  id INTEGER PRIMARY KEY, at TEXT NOT NULL, actor_id INTEGER NOT NULL REFERENCES users,
  project_id INTEGER REFERENCES projects, issue_id INTEGER REFERENCES issues, page_id INTEGER REFERENCES wiki_pages,
  verb TEXT NOT NULL, detail TEXT NOT NULL
) STRICT;
-- Everybody who changed anything since the content was seeded; tells right changes made from the wrong account.
CREATE TABLE contributors (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL UNIQUE REFERENCES users) STRICT;

CREATE INDEX comments_by_issue ON comments (issue_id);
CREATE INDEX events_by_issue ON events (issue_id);
CREATE INDEX issues_by_project ON issues (project_id, state);

CREATE VIEW issue_rows AS
SELECT i.*, p.slug AS project, p.name AS project_name, p.key || '-' || i.number AS ref,
  '/p/' || p.slug || '/issues/' || i.number AS url,
  author.login AS author, author.name AS author_name, assignee.login AS assignee, assignee.name AS assignee_name,
  m.title AS milestone, closer.name AS closer_name,
  (SELECT max(e.at) FROM events e WHERE e.issue_id = i.id) AS updated_at,
  (SELECT count(*) FROM comments c WHERE c.issue_id = i.id) AS replies,
  (SELECT coalesce(json_group_array(json_object('name', l.name, 'hue', l.hue)), '[]')
     FROM (SELECT l.name, l.hue FROM issue_labels il JOIN labels l ON l.id = il.label_id
           WHERE il.issue_id = i.id ORDER BY l.name) l) AS labels
FROM issues i JOIN projects p ON p.id = i.project_id JOIN users author ON author.id = i.author_id
LEFT JOIN users assignee ON assignee.id = i.assignee_id LEFT JOIN milestones m ON m.id = i.milestone_id
LEFT JOIN users closer ON closer.id = i.closed_by;
