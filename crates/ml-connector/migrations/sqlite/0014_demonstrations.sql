-- A demonstration customer's vendors are the sandbox of one run of the service, which is named here.
ALTER TABLE customers ADD COLUMN demonstration TEXT;
